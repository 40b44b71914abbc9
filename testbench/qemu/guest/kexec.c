// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kexec load|crash KERNEL INITRD "COMMAND LINE": loads the kernel that comes next, or the one that comes when
 * this one crashes. kexec go: starts the first.
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int load(const char *kernel, const char *initrd, const char *line, unsigned long flags)
{
    int kernel_file = open(kernel, O_RDONLY), initrd_file = open(initrd, O_RDONLY);

    if (kernel_file < 0 || initrd_file < 0) {
        perror("kexec: kernel or initial RAM disk");
        return 1;
    }
    if (syscall(SYS_kexec_file_load, kernel_file, initrd_file, strlen(line) + 1, line, flags)) {
        perror("kexec_file_load");
        return 1;
    }
    return 0;
}

int main(int count, char **words)
{
    if (count == 2 && !strcmp(words[1], "go")) {
        syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
        perror("reboot");
        return 1;
    }
    if (count != 5)
        return 2;
    return load(words[2], words[3], words[4], strcmp(words[1], "crash") ? 0 : KEXEC_FILE_ON_CRASH);
}
