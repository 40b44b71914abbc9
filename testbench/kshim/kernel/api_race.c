// SPDX-License-Identifier: GPL-2.0-only
/* Several kernel threads at once, as drivers on several processors: each maps and unmaps pages of its device.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>

#include "api.h"

enum { THREADS = 8 };

struct racer {
    struct device *device;
    struct completion done;
    int steps, failures;
};

static int one_step(struct racer *racer, struct page *page)
{
    dma_addr_t address = dma_map_page(racer->device, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);

    if (dma_mapping_error(racer->device, address))
        return 1;
    cond_resched();
    dma_unmap_page(racer->device, address, PAGE_SIZE, DMA_BIDIRECTIONAL);
    return 0;
}

static int racer_main(void *data)
{
    struct racer *racer = data;
    struct page *page = alloc_page(GFP_KERNEL);
    int step;

    for (step = 0; page && step < racer->steps; step++)
        racer->failures += one_step(racer, page);
    if (page)
        __free_page(page);
    else
        racer->failures++;
    complete(&racer->done);
    while (!kthread_should_stop()) {
        set_current_state(TASK_INTERRUPTIBLE);
        schedule();
    }
    return 0;
}

int api_race(const char *const *names, int count, int steps)
{
    struct racer racers[THREADS] = {};
    struct task_struct *threads[THREADS];
    int each, failures = 0;

    if (count < 1 || count > THREADS)
        return -EINVAL;
    for (each = 0; each < count; each++) {
        racers[each].device = api_get(names[each]);
        racers[each].steps = racers[each].device ? steps : 0;
        init_completion(&racers[each].done);
        threads[each] = kthread_run(racer_main, &racers[each], "racer/%d", each);
    }
    for (each = 0; each < count; each++) {
        if (IS_ERR(threads[each])) {
            failures++;
            continue;
        }
        wait_for_completion(&racers[each].done);
        kthread_stop(threads[each]);
        failures += racers[each].failures;
        api_put(racers[each].device);
    }
    return failures;
}
