/* SPDX-License-Identifier: GPL-2.0-only */
/* A function in a process of its own, whose end is not the caller's. */
#ifndef KSHIM_PROCESS_H
#define KSHIM_PROCESS_H

/* Calls run(argument) in a child, which is ended after `seconds`; 0: it may take as long as it likes. The
 * exit status: what run() gave; 128 and the signal that ended the child; 1 when there could be no child. */
int process_run(int (*run)(void *argument), void *argument, unsigned seconds);

#endif
