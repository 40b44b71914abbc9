/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of struct kshim_owner. */
#ifndef KSHIM_API_OWNER_H
#define KSHIM_API_OWNER_H

#include "api.h"
#include "kshim_owner.h"

/* api_owner.c */
int api_owner_command(const char *device, const unsigned long long words[2]);
int api_owner_wait(const char *device);
int api_owner_entry_read(const char *device, unsigned short id, unsigned long long entry[4]);
int api_owner_entry_write(const char *device, unsigned short id, const unsigned long long entry[4]);

/* api_owner_domain.c */
int api_owner_follow(const char *device, kshim_domain_changed *changed, void *context);
void api_owner_leave(const char *device);

#endif
