// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's log, its warnings and its ends. */
#include <linux/bug.h>
#include <linux/dev_printk.h>
#include <linux/kern_levels.h>
#include <linux/printk.h>

#include "glue.h"

enum { LINE = 1024, DEFAULT_LEVEL = 4, ERROR_LEVEL = 3 };

/* Lines come in pieces (KERN_CONT): one leaves when its new line has come, or another line begins. */
static char line[LINE];
static size_t length;
static int line_level;

static void flush(void)
{
    if (!length)
        return;
    line[length] = 0;
    length = 0;
    if (!kshim_ops)
        return;
    kshim_ops->log(kshim_ops->context, line_level, line);
    if (line_level <= ERROR_LEVEL)
        kshim_ops->trouble(kshim_ops->context, KSHIM_ERROR_LINE, line);
}

static void add(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            flush();
        else if (length + 1 < LINE)
            line[length++] = *text;
    }
}

/* Level and text of a message: `\001` and a digit stand before it, or a `c` where it goes on with the line.
 */
static const char *take_level(const char *text, int *level, bool *continues)
{
    while (text[0] == KERN_SOH_ASCII && text[1]) {
        if (text[1] >= '0' && text[1] <= '7')
            *level = text[1] - '0';
        *continues |= text[1] == 'c';
        text += 2;
    }
    return text;
}

static int log_message(int level, const char *prefix, const char *format, va_list arguments)
{
    static char buffer[2 * LINE];
    bool continues = false;
    int bytes = vscnprintf(buffer, sizeof(buffer), format, arguments);
    const char *text = take_level(buffer, &level, &continues);

    if (!continues) {
        flush();
        line_level = level >= 0 ? level : DEFAULT_LEVEL;
        add(prefix);
    }
    add(text);
    return bytes;
}

#define PRINTS(name, symbol)                                                                                 \
    int name(const char *format, ...) KERNEL(symbol);                                                        \
    int name(const char *format, ...)                                                                        \
    {                                                                                                        \
        va_list arguments;                                                                                   \
        int bytes;                                                                                           \
                                                                                                             \
        va_start(arguments, format);                                                                         \
        bytes = log_message(-1, "", format, arguments);                                                      \
        va_end(arguments);                                                                                   \
        return bytes;                                                                                        \
    }
PRINTS(kshim_printk, _printk)
PRINTS(kshim_printk_deferred, _printk_deferred)
#undef PRINTS

/* Messages of devices come with their name and driver in the format already. */
int kshim_vprintk_emit(int facility, int level, const struct dev_printk_info *info, const char *format,
                       va_list arguments) KERNEL(vprintk_emit);
int kshim_vprintk_emit(int facility, int level, const struct dev_printk_info *info, const char *format,
                       va_list arguments)
{
    return log_message(level, "", format, arguments);
}

int kshim_vprintk(const char *format, va_list arguments) KERNEL(vprintk);
int kshim_vprintk(const char *format, va_list arguments)
{
    return log_message(-1, "", format, arguments);
}

void kshim_trouble(enum kshim_trouble trouble, const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vscnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    flush();
    kshim_ops->trouble(kshim_ops->context, trouble, text);
}

static void __noreturn end(enum kshim_trouble trouble, const char *format, va_list arguments)
{
    char text[256];

    vscnprintf(text, sizeof(text), format, arguments);
    flush();
    kshim_ops->trouble(kshim_ops->context, trouble, text);
    kshim_ops->die(kshim_ops->context, text);
}

void kshim_die(enum kshim_trouble trouble, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    end(trouble, format, arguments);
}

void kshim_panic(const char *format, ...) KERNEL(panic) __noreturn;
void kshim_panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    end(KSHIM_PANIC, format, arguments);
}

/* Where generated stubs of functions lead that nobody has written. */
void kshim_stub(const char *symbol)
{
    kshim_die(KSHIM_STUB, "%s() was called, which the shim does not have", symbol);
}

/* The text of a formatted WARN; the trap behind it reports. */
void kshim_warn_printk(const char *format, ...) KERNEL(__warn_printk);
void kshim_warn_printk(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_message(ERROR_LEVEL + 1, "", format, arguments);
    va_end(arguments);
    flush();
}

int kshim_printk_ratelimit(void *state, const char *function) KERNEL(___ratelimit);
int kshim_printk_ratelimit(void *state, const char *function)
{
    return 1; /* every line counts in a test */
}

void kshim_dump_stack(void) KERNEL(dump_stack);
void kshim_dump_stack(void)
{
}

void kshim_dump_stack_level(const char *level) KERNEL(dump_stack_lvl);
void kshim_dump_stack_level(const char *level)
{
}
