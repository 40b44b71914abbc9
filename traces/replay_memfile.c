// SPDX-License-Identifier: Apache-2.0
/* `memfile`: an image from a file beside the trace goes to memory. Traces come from strangers, so a name
 * leads nowhere else unless the options say so, and what is read is a regular file: it has an end. */
#include "traces/replay_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

struct image {
    FILE *file;
    uint64_t skip, left, address;
    struct amdvi_sparse *memory;
    struct amdvi_lint *lint;
};

/* One decoded piece of an image: skips `offset`, stops at `len`, goes to memory. What went wrong, or null. */
static const char *put_piece(struct image *image, const uint8_t *data, size_t length)
{
    uint64_t skip = image->skip < length ? image->skip : length;
    uint64_t take = length - skip < image->left ? length - skip : image->left;
    enum amdvi_sparse_status status = amdvi_sparse_write(image->memory, image->address, data + skip, take);

    if (image->lint)
        amdvi_lint_write(image->lint, image->address, data + skip, take);
    image->skip -= skip;
    image->left -= take;
    image->address += take;
    if (status == AMDVI_SPARSE_ERR_MEMORY)
        return "no memory left on this host, or more than allowed";
    return status == AMDVI_SPARSE_OK ? NULL : "image does not fit into ram";
}

static const char *load_raw(struct image *image)
{
    uint8_t data[65536];
    const char *problem;
    size_t got;

    while (image->left && (got = fread(data, 1, sizeof(data), image->file)) > 0)
        if ((problem = put_piece(image, data, got)))
            return problem;
    return ferror(image->file) ? "image cannot be read" : NULL;
}

static const char *load_frames(struct image *image, ZSTD_DStream *stream)
{
    uint8_t in[65536], out[65536];
    const char *problem;
    size_t got, state = 0;

    while (image->left && (got = fread(in, 1, sizeof(in), image->file)) > 0) {
        ZSTD_inBuffer input = {in, got, 0};
        while (image->left && input.pos < input.size) {
            ZSTD_outBuffer output = {out, sizeof(out), 0};
            state = ZSTD_decompressStream(stream, &output, &input);
            if (ZSTD_isError(state))
                return "image is no zstd data";
            if ((problem = put_piece(image, out, output.pos)))
                return problem;
        }
    }
    return state && image->left ? "image ends too early" : NULL;
}

static const char *load_zstd(struct image *image)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    const char *problem = stream ? load_frames(image, stream) : "out of memory";

    ZSTD_freeDStream(stream);
    return problem;
}

static bool has_dot_dot(const char *name)
{
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
            return true;
    }
    return false;
}

/* Whether `path` lies in `folder` or below; both are absolute and without links. */
static bool lies_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return !strncmp(path, folder, length) && (path[length] == '/' || folder[length - 1] == '/');
}

/* The file itself, links followed; null with *problem set. The caller frees. */
static char *find_image(const struct amdvi_replay *replay, const char *name, const char **problem)
{
    const char *folder = replay->options.directory ? replay->options.directory : ".";
    bool anywhere = replay->options.memfile_anywhere;
    size_t size = strlen(folder) + strlen(name) + 2;
    char *joined = malloc(size), *top = realpath(folder, NULL), *path = NULL;

    *problem = "cannot be opened";
    if (!anywhere && (name[0] == '/' || has_dot_dot(name))) {
        *problem =
            "a memfile lies beside the trace or below: no absolute path, no .. (unless allowed anywhere)";
    } else if (joined && top) {
        snprintf(joined, size, "%s%s%s", name[0] == '/' ? "" : folder, name[0] == '/' ? "" : "/", name);
        path = realpath(joined, NULL);
    }
    if (path && !anywhere && !lies_below(path, top)) {
        *problem = "a link that leads out of the trace's folder (unless allowed anywhere)";
        free(path);
        path = NULL;
    }
    free(joined);
    free(top);
    return path;
}

/* Opening must not wait for the other end of a pipe. */
static FILE *open_regular(const char *path, const char **problem)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    struct stat facts;
    bool regular = file >= 0 && !fstat(file, &facts) && S_ISREG(facts.st_mode);
    FILE *stream = regular ? fdopen(file, "rb") : NULL;

    *problem = file >= 0 && !regular ? "no regular file" : "cannot be opened";
    if (!stream && file >= 0)
        close(file);
    return stream;
}

static FILE *open_image(const struct amdvi_replay *replay, const char *name, const char **problem)
{
    char *path = find_image(replay, name, problem);
    FILE *file = path ? open_regular(path, problem) : NULL;

    free(path);
    return file;
}

enum amdvi_replay_status replay_memfile(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    struct image image = {.memory = replay->memory,
                          .lint = replay->lint,
                          .address = record->num[AMDVI_TRACE_KEY_ADDR],
                          .skip = amdvi_trace_num(record, AMDVI_TRACE_KEY_OFFSET, 0),
                          .left = amdvi_trace_num(record, AMDVI_TRACE_KEY_LEN, UINT64_MAX)};
    bool packed = amdvi_trace_num(record, AMDVI_TRACE_KEY_ZSTD, 0);
    const char *problem;

    image.file = open_image(replay, record->file, &problem);
    if (!image.file)
        return replay_fail(replay, record, "%s: %s", record->file, problem);
    problem = packed ? load_zstd(&image) : load_raw(&image);
    fclose(image.file);
    if (!problem && image.left && amdvi_trace_has(record, AMDVI_TRACE_KEY_LEN))
        problem = "image is shorter than len";
    return problem ? replay_fail(replay, record, "%s: %s", record->file, problem) : AMDVI_REPLAY_OK;
}
