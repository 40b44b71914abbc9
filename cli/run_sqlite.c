// SPDX-License-Identifier: Apache-2.0
/* The result of an experiment as an SQLite database: tables `setting`, `metric`, `detail`. */
#include "cli/run.h"

#include <sqlite3.h>

static const char tables[] = "CREATE TABLE setting(name TEXT PRIMARY KEY, value);"
                             "CREATE TABLE metric(name TEXT PRIMARY KEY, value REAL);"
                             "CREATE TABLE detail(kind TEXT, name TEXT, count INTEGER, mean_ns REAL, p50_ns "
                             "REAL, p90_ns REAL, p99_ns REAL,"
                             " p99_9_ns REAL, p99_99_ns REAL, max_ns REAL);";

/* Runs a statement once with what is bound to it, and makes it ready for the next time. */
static bool step(sqlite3_stmt *statement)
{
    bool good = sqlite3_step(statement) == SQLITE_DONE;

    return sqlite3_reset(statement) == SQLITE_OK && good;
}

static sqlite3_stmt *prepare(sqlite3 *base, const char *text)
{
    sqlite3_stmt *statement = NULL;

    sqlite3_prepare_v2(base, text, -1, &statement, NULL);
    return statement;
}

static bool put_setting(sqlite3_stmt *s, const char *name, uint64_t value)
{
    sqlite3_bind_text(s, 1, name, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)value);
    return step(s);
}

static bool write_settings(sqlite3 *base, const struct experiment *e)
{
    sqlite3_stmt *s = prepare(base, "INSERT INTO setting VALUES(?, ?)");
    const struct amdvi_timed_parameter *p;
    char name[96];
    bool good = s && put_setting(s, "seed", e->seed) && put_setting(s, "warm_up", e->warm_up) &&
                put_setting(s, "length", e->length);

    for (size_t i = 0; good && (p = amdvi_timed_parameter_at(i)); i++) {
        snprintf(name, sizeof(name), "time.%s", p->name);
        good = put_setting(s, name, e->parameters.value[i]);
    }
    sqlite3_finalize(s);
    return good;
}

static bool write_metrics(sqlite3 *base, const struct experiment_result *r)
{
    sqlite3_stmt *s = prepare(base, "INSERT INTO metric VALUES(?, ?)");
    bool good = s != NULL;

    for (unsigned i = 0; good && i < r->count; i++) {
        sqlite3_bind_text(s, 1, r->metrics[i].name, -1, SQLITE_TRANSIENT);
        sqlite3_bind_double(s, 2, r->metrics[i].value);
        good = step(s);
    }
    sqlite3_finalize(s);
    return good;
}

static bool write_details(sqlite3 *base, const struct experiment_details *d)
{
    sqlite3_stmt *s = prepare(base, "INSERT INTO detail VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bool good = s != NULL;
    char name[64];

    for (size_t i = 0; good && i < d->row_count; i++) {
        detail_name(&d->rows[i], name, sizeof(name));
        sqlite3_bind_text(s, 1, detail_kind_name(&d->rows[i]), -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 2, name, -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(s, 3, (sqlite3_int64)d->rows[i].latency.count);
        sqlite3_bind_double(s, 4, d->rows[i].latency.mean_ns);
        for (int k = 0; k < EXPERIMENT_SHARES; k++)
            sqlite3_bind_double(s, 5 + k, d->rows[i].latency.share_ns[k]);
        good = step(s);
    }
    sqlite3_finalize(s);
    return good;
}

static bool fill(sqlite3 *base, const struct experiment *e, const struct experiment_result *r)
{
    return sqlite3_exec(base, "BEGIN", NULL, NULL, NULL) == SQLITE_OK &&
           sqlite3_exec(base, tables, NULL, NULL, NULL) == SQLITE_OK && write_settings(base, e) &&
           write_metrics(base, r) && write_details(base, &r->details) &&
           sqlite3_exec(base, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

/* SQLite fills the file that takes its place when it is whole. */
bool sqlite_open(const char *path, struct output *output)
{
    if (!output_open(&command_run, path, output))
        return false;
    if (output->temporary)
        return true;
    usage_error(&command_run, "cannot write %s: a database is a file, no stream", path);
    return false;
}

bool sqlite_write(const struct output *output, const struct experiment *e, const struct experiment_result *r)
{
    sqlite3 *base = NULL;
    bool good = sqlite3_open(output->temporary, &base) == SQLITE_OK && fill(base, e, r);

    if (!good)
        usage_error(&command_run, "writing %s failed: %s", output->path,
                    base ? sqlite3_errmsg(base) : "out of memory");
    return sqlite3_close(base) == SQLITE_OK && good;
}
