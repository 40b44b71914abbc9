// SPDX-License-Identifier: Apache-2.0
#include "machine.h"

#include <stdio.h>

/* ---------------------------------------------------------------- surroundings */

static enum amdvi_memory_result count_access(struct machine *m, uint64_t address, size_t length)
{
    m->accesses++;
    if (m->fail_at && m->accesses == m->fail_at) {
        m->failed_address = address;
        return m->failure;
    }
    return address + length <= MEMORY_BYTES && address + length >= address ? AMDVI_MEMORY_OK
                                                                           : AMDVI_MEMORY_MASTER_ABORT;
}

static enum amdvi_memory_result on_read(void *context, uint64_t address, void *data, size_t length)
{
    struct machine *m = context;
    enum amdvi_memory_result result = count_access(m, address, length);

    ck_assert_uint_le(address % 4096 + length, 4096);
    m->reads++;
    if (result == AMDVI_MEMORY_OK)
        memcpy(data, m->bytes + address, length);
    return result;
}

static enum amdvi_memory_result on_write(void *context, uint64_t address, const void *data, size_t length)
{
    struct machine *m = context;
    enum amdvi_memory_result result = count_access(m, address, length);

    ck_assert_uint_le(address % 4096 + length, 4096);
    m->writes++;
    if (result == AMDVI_MEMORY_OK)
        memcpy(m->bytes + address, data, length);
    return result;
}

static enum amdvi_memory_result on_exchange(void *context, uint64_t address, uint64_t expected,
                                            uint64_t desired, uint64_t *seen)
{
    struct machine *m = context;
    enum amdvi_memory_result result = count_access(m, address, 8);

    m->exchanges++;
    if (result != AMDVI_MEMORY_OK)
        return result;
    if (m->race)
        m->race(m, address);
    *seen = get64(m, address);
    if (*seen == expected)
        put64(m, address, desired);
    return result;
}

static void on_interrupt(void *context, const struct amdvi_irq *irq)
{
    struct machine *m = context;
    m->irq[m->irqs++ % RECORDS] = *irq;
}

static enum amdvi_atc_answer on_atc(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    struct machine *m = context;
    m->atc[m->atcs++ % RECORDS] = *invalidation;
    return m->atc_answer;
}

static void on_prg(void *context, const struct amdvi_prg_response *response)
{
    struct machine *m = context;
    m->prg[m->prgs++ % RECORDS] = *response;
}

static void *on_allocate(void *context, size_t bytes)
{
    struct machine *m = context;
    void *block;

    if (++m->allocations == m->allocate_fail_at)
        return NULL;
    block = malloc(bytes);
    ck_assert_ptr_nonnull(block);
    memset(block, 0xa5, bytes); /* the library must not count on zeros */
    m->live++;
    return block;
}

static void on_release(void *context, void *block)
{
    struct machine *m = context;
    m->live--;
    free(block);
}

struct amdvi_memory machine_memory(struct machine *m)
{
    return (struct amdvi_memory){
        .context = m, .read = on_read, .write = on_write, .compare_exchange = on_exchange};
}

struct amdvi_callbacks machine_callbacks(struct machine *m)
{
    return (struct amdvi_callbacks){
        .context = m, .interrupt = on_interrupt, .atc_invalidate = on_atc, .prg_response = on_prg};
}

struct amdvi_allocator machine_allocator(struct machine *m)
{
    return (struct amdvi_allocator){.context = m, .allocate = on_allocate, .release = on_release};
}

/* ---------------------------------------------------------------- life */

static void set(struct amdvi_config *config, const char *pair)
{
    const char *equals = strchr(pair, '=');
    char key[64];

    ck_assert_ptr_nonnull(equals);
    snprintf(key, sizeof(key), "%.*s", (int)(equals - pair), pair);
    ck_assert_msg(amdvi_config_set(config, key, equals + 1) == AMDVI_OK, "%s", pair);
}

struct amdvi_config *config_of(const char *settings)
{
    struct amdvi_config *config;
    char text[512], *word, *rest = text;

    ck_assert_int_eq(amdvi_config_create(&config), AMDVI_OK);
    snprintf(text, sizeof(text), "%s", settings);
    while ((word = strtok(rest, " "))) {
        set(config, word);
        rest = NULL;
    }
    return config;
}

void machine_open_as(struct machine *m, const char *settings, bool direct)
{
    struct amdvi_memory memory = machine_memory(m);
    struct amdvi_callbacks callbacks = machine_callbacks(m);
    struct amdvi_allocator allocator = machine_allocator(m);

    memset(m, 0, sizeof(*m));
    m->bytes = calloc(1, MEMORY_BYTES);
    ck_assert_ptr_nonnull(m->bytes);
    m->failure = AMDVI_MEMORY_DATA_ERROR;
    m->next_table = TABLES;
    if (direct) {
        memory.direct = m->bytes;
        memory.direct_size = MEMORY_BYTES;
    }
    m->config = config_of(settings);
    ck_assert_int_eq(amdvi_create(m->config, &memory, &callbacks, &allocator, &m->device), AMDVI_OK);
}

void machine_open(struct machine *m, const char *settings)
{
    machine_open_as(m, settings, false);
}

void machine_close(struct machine *m)
{
    amdvi_destroy(m->device);
    amdvi_config_destroy(m->config);
    ck_assert_uint_eq(m->live, 0);
    free(m->bytes);
}

/* ---------------------------------------------------------------- memory and registers */

void put64(struct machine *m, uint64_t address, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        m->bytes[address + (unsigned)i] = (uint8_t)(value >> 8 * i);
}

uint64_t get64(const struct machine *m, uint64_t address)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value |= (uint64_t)m->bytes[address + (unsigned)i] << 8 * i;
    return value;
}

void reg(struct machine *m, uint64_t offset, uint64_t value)
{
    ck_assert_int_eq(amdvi_mmio_write(m->device, offset, 8, value), AMDVI_OK);
    ck_assert_int_eq(amdvi_run(m->device), AMDVI_OK);
}

uint64_t reg_of(struct machine *m, uint64_t offset)
{
    uint64_t value;

    ck_assert_int_eq(amdvi_mmio_read(m->device, offset, 8, &value), AMDVI_OK);
    return value;
}

void boot(struct machine *m, uint64_t control)
{
    uint64_t length = UINT64_C(8) << 56;

    reg(m, R_DEVTAB, DEV_TABLE | 0x1ff);
    reg(m, R_CMD, CMD_RING | length);
    reg(m, R_EVT, EVT_RING | length);
    reg(m, R_PPR, PPR_RING | length);
    reg(m, R_GA, GA_RING | length);
    reg(m, R_CONTROL, control);
}

void dte(struct machine *m, uint16_t device, uint64_t q0, uint64_t q1, uint64_t q2)
{
    uint64_t at = DEV_TABLE + 32u * device;

    put64(m, at, q0);
    put64(m, at + 8, q1);
    put64(m, at + 16, q2);
    put64(m, at + 24, 0);
}

uint64_t new_table(struct machine *m)
{
    uint64_t at = m->next_table;

    m->next_table += 4096;
    ck_assert_uint_le(m->next_table, MEMORY_BYTES);
    return at;
}

uint64_t map_host(struct machine *m, uint16_t device, uint64_t q0, uint64_t q1)
{
    uint64_t root = new_table(m), middle = new_table(m), leaf = new_table(m);

    put64(m, root, V1_RW | middle | 2 << 9 | 1);
    put64(m, middle, V1_RW | leaf | 1 << 9 | 1);
    put64(m, leaf + IOVA / 4096 * 8, V1_RW | PAGE | 1);
    dte(m, device, q0 | root | 3 << 9, q1 | DOM, 0);
    return leaf;
}

uint64_t map_guest(struct machine *m, uint16_t device, uint64_t q0, uint64_t q1)
{
    uint64_t gcr3 = new_table(m), table[4];

    for (int i = 0; i < 4; i++)
        table[i] = new_table(m);
    for (int i = 0; i < 3; i++)
        put64(m, table[i], table[i + 1] | 7);
    put64(m, table[3] + IOVA / 4096 * 8, PAGE | 7);
    put64(m, gcr3, table[0] | 1);
    put64(m, gcr3 + 8 * 5, table[0] | 1);
    /* GCR3 root bits [14:12] at 60:58, [30:15] at 95:80, [51:31] at 127:107 */
    dte(m, device, q0 | D_GV | (gcr3 >> 12 & 7) << 58,
        q1 | DOM | (gcr3 >> 15 & 0xffff) << 16 | gcr3 >> 31 << 43, 0);
    return table[3];
}

/* ---------------------------------------------------------------- work */

void command(struct machine *m, uint64_t low, uint64_t high)
{
    uint64_t tail = reg_of(m, R_CMD_TAIL);

    put64(m, CMD_RING + tail, low);
    put64(m, CMD_RING + tail + 8, high);
    reg(m, R_CMD_TAIL, (tail + 16) % 4096);
}

struct amdvi_result ask_as(struct machine *m, const struct amdvi_request *request)
{
    struct amdvi_result result = {0};

    ck_assert_int_eq(amdvi_translate(m->device, request, &result), AMDVI_OK);
    return result;
}

struct amdvi_result ask(struct machine *m, enum amdvi_op op, uint64_t address)
{
    return ask_as(m,
                  &(struct amdvi_request){.device = DEV, .op = (uint8_t)op, .address = address, .length = 8});
}

struct amdvi_int_result interrupt(struct machine *m, uint32_t data)
{
    struct amdvi_int_result result;

    memset(&result, 0, sizeof(result));
    ck_assert_int_eq(amdvi_interrupt(m->device, DEV, 0xfee00000, data, &result), AMDVI_OK);
    return result;
}

uint64_t event_word(const struct machine *m, unsigned index, unsigned word)
{
    return get64(m, EVT_RING + 16u * index + 8u * word);
}

/* ---------------------------------------------------------------- chance */

uint64_t test_seed(void)
{
    const char *text = getenv("AMDVI_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : 1;

    printf("AMDVI_TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    return seed * 0x9e3779b97f4a7c15u + 1;
}

uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
