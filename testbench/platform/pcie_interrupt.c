// SPDX-License-Identifier: Apache-2.0
/* MSI and MSI-X: a message is a write of 4 bytes; while it is masked a pending bit remembers it. */
#include "testbench/platform/pcie_internal.h"

struct message {
    uint64_t address;
    uint32_t data;
};

/* A message is a memory write, which takes a bus master. */
static enum pcie_interrupt send(struct pcie_function *f, const struct message *message)
{
    if (!pcie_is_master(f))
        return PCIE_INTERRUPT_OFF;
    f->topology->message(f->topology->context, pcie_segment(f), pcie_requester(f), message->address,
                         message->data);
    return PCIE_INTERRUPT_SENT;
}

/* ---------------------------------------------------------------- MSI-X */

static unsigned msix_control(const struct pcie_function *f)
{
    return f->msix ? pcie_get(f->value, f->msix + MSIX_CONTROL, 2) : 0;
}

static struct message msix_message(const struct pcie_function *f, unsigned number)
{
    const uint8_t *entry = f->vectors + (size_t)number * PCIE_MSIX_ENTRY;

    return (struct message){.address = pcie_get(entry, 0, 4) | (uint64_t)pcie_get(entry, 4, 4) << 32,
                            .data = pcie_get(entry, 8, 4)};
}

static bool msix_masked(const struct pcie_function *f, unsigned number)
{
    return msix_control(f) & MSIX_MASK || f->vectors[(size_t)number * PCIE_MSIX_ENTRY + 12] & 1;
}

static enum pcie_interrupt raise_msix(struct pcie_function *f, unsigned number)
{
    struct message message;

    if (number >= f->what.msix)
        return PCIE_INTERRUPT_OFF;
    if (msix_masked(f, number)) {
        f->pending[number / 64] |= UINT64_C(1) << number % 64;
        return PCIE_INTERRUPT_PENDING;
    }
    message = msix_message(f, number);
    return send(f, &message);
}

static void send_pending_msix(struct pcie_function *f)
{
    for (unsigned i = 0; i < f->what.msix; i++) {
        struct message message;
        if (!(f->pending[i / 64] >> i % 64 & 1) || msix_masked(f, i))
            continue;
        f->pending[i / 64] &= ~(UINT64_C(1) << i % 64);
        message = msix_message(f, i);
        send(f, &message);
    }
}

/* ---------------------------------------------------------------- MSI */

static unsigned msi_control(const struct pcie_function *f)
{
    return f->msi ? pcie_get(f->value, f->msi + MSI_CONTROL, 2) : 0;
}

/* After the address of 4 or 8 bytes: data, then mask and pending bits. */
static unsigned msi_data(const struct pcie_function *f)
{
    return f->msi + MSI_ADDRESS + (msi_control(f) & MSI_WIDE ? 8 : 4);
}

/* Software allows a power of two of messages. */
static unsigned msi_allowed(const struct pcie_function *f)
{
    unsigned allowed = 1u << (msi_control(f) >> 4 & 7);

    return allowed < f->what.msi ? allowed : f->what.msi;
}

/* The device puts the number into the low bits of the data. */
static struct message msi_message(const struct pcie_function *f, unsigned number)
{
    unsigned low = msi_allowed(f) - 1;
    uint64_t high = msi_control(f) & MSI_WIDE ? pcie_get(f->value, f->msi + MSI_ADDRESS + 4, 4) : 0;

    return (struct message){.address = pcie_get(f->value, f->msi + MSI_ADDRESS, 4) | high << 32,
                            .data = (pcie_get(f->value, msi_data(f), 2) & ~low) | (number & low)};
}

static uint32_t msi_masked(const struct pcie_function *f)
{
    return msi_control(f) & MSI_MASKS ? pcie_get(f->value, msi_data(f) + 4, 4) : 0;
}

static void set_msi_pending(struct pcie_function *f, uint32_t bits)
{
    pcie_put(f->value, msi_data(f) + 8, 4, bits);
}

static uint32_t msi_pending(const struct pcie_function *f)
{
    return msi_control(f) & MSI_MASKS ? pcie_get(f->value, msi_data(f) + 8, 4) : 0;
}

/* A device that may use fewer messages than it has lets several causes share one. */
static enum pcie_interrupt raise_msi(struct pcie_function *f, unsigned number)
{
    struct message message;

    if (number >= f->what.msi)
        return PCIE_INTERRUPT_OFF;
    number &= msi_allowed(f) - 1;
    if (msi_masked(f) >> number & 1) {
        set_msi_pending(f, msi_pending(f) | 1u << number);
        return PCIE_INTERRUPT_PENDING;
    }
    message = msi_message(f, number);
    return send(f, &message);
}

static void send_pending_msi(struct pcie_function *f)
{
    uint32_t ready = msi_pending(f) & ~msi_masked(f);

    if (!ready)
        return;
    set_msi_pending(f, msi_pending(f) & ~ready);
    for (unsigned i = 0; i < f->what.msi; i++) {
        struct message message = msi_message(f, i);
        if (ready >> i & 1)
            send(f, &message);
    }
}

/* ---------------------------------------------------------------- both */

enum pcie_interrupt pcie_raise(struct pcie_function *function, unsigned number)
{
    if (msix_control(function) & MSIX_ENABLE)
        return raise_msix(function, number);
    if (msi_control(function) & MSI_ENABLE)
        return raise_msi(function, number);
    return PCIE_INTERRUPT_OFF;
}

void pcie_send_pending(struct pcie_function *function)
{
    if (msix_control(function) & MSIX_ENABLE)
        send_pending_msix(function);
    else if (msi_control(function) & MSI_ENABLE)
        send_pending_msi(function);
}
