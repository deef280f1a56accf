/* watch_line.c -- bytes of a list or watch, cut anywhere: whole or in pieces, the same objects must come out, and each
 * must be decodable safely. */
#include <stdint.h>
#include <stdlib.h>

#include "kube/json_split.h"
#include "kube/watch_line.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *ctx, const char *text, size_t bytes)
{
        struct watch_line line;
        struct errmsg why;
        long after_s;
        watch_line_decode(text, bytes, &line);
        *(size_t *)ctx += bytes + (object_name(line.object) != NULL) + (object_resource_version(line.object) != NULL);
        (void)status_object_class(line.object, &after_s, &why);
        watch_line_clear(&line);
        return true;
}

static void pass_over(void *ctx, const char *name, size_t bytes)
{
        *(size_t *)ctx += bytes ^ (unsigned char)name[0];
}

static size_t feed(const char *text, size_t bytes, enum json_split_mode mode, size_t step, enum err *ret)
{
        size_t sum = 0;
        struct json_split split = {
            .mode = mode, .max_object_bytes = 512, .object = take, .oversized = pass_over, .ctx = &sum};
        for (size_t at = 0; at < bytes && *ret == ERR_OK; at += step)
                *ret = json_split_feed(&split, text + at, bytes - at < step ? bytes - at : step, NULL);
        json_split_deinit(&split);
        return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        enum err whole = ERR_OK, cut = ERR_OK;
        if (size < 2)
                return 0;
        enum json_split_mode mode = data[0] & 1 ? JSON_SPLIT_LIST : JSON_SPLIT_STREAM;
        size_t one = feed((const char *)data + 1, size - 1, mode, size, &whole);
        size_t two = feed((const char *)data + 1, size - 1, mode, 1 + (data[0] >> 1) % 64, &cut);
        INVARIANT(whole == cut && one == two);
        return 0;
}
