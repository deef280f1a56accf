/* known_version.c -- which state of one object is believed. */
#include "kube/known_version.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"

static bool is_decimal(const char *text)
{
        return text[0] >= '1' && text[0] <= '9' && strspn(text, "0123456789") == strlen(text);
}

bool version_is_lower(const char *a, const char *b)
{
        if (!is_decimal(a) || !is_decimal(b))
                return false;
        size_t digits_a = strlen(a), digits_b = strlen(b);
        return digits_a != digits_b ? digits_a < digits_b : strcmp(a, b) < 0;
}

static void believe(struct known_version *known, const char *version)
{
        if (text_equal(known->text, version))
                return;
        char *copy = mem_strdup(version);
        free(known->text);
        known->text = copy;
        known->turns++;
        known->refused_since = 0;
}

bool known_admits(const struct known_version *known, const char *version, uint64_t list)
{
        return !known->behind_since || list > known->list || text_equal(known->text, version);
}

void known_by_watch(struct known_version *known, const char *version)
{
        known->behind_since = 0;
        believe(known, version);
}

bool known_is_overtaken(const struct known_version *known, const char *version, uint64_t turns)
{
        return known->turns != turns && !text_equal(known->text, version);
}

void known_by_answer(struct known_version *known, const char *version, uint64_t list, mono_ms now)
{
        if (text_equal(known->text, version))
                return;
        known->has_fallen |= known->text && version_is_lower(version, known->text);
        if (!known->behind_since)
                known->behind_since = now;
        known->list = list;
        believe(known, version);
}

void known_is_refused(struct known_version *known, uint64_t list, mono_ms now)
{
        if (known->refused_since)
                return;
        known->refused_since = now;
        if (!known->behind_since)
                known->list = list;
}

static bool is_overdue(mono_ms since, mono_ms now)
{
        return since && now - since >= KNOWN_CATCH_UP_MS;
}

bool known_take_doubt(struct known_version *known, uint64_t list, mono_ms now)
{
        bool is_late = is_overdue(known->behind_since, now) || is_overdue(known->refused_since, now);
        bool is_doubtful = known->has_fallen || (is_late && list == known->list);
        known->has_fallen = false;
        if (is_late)
                known->refused_since = 0;
        return is_doubtful;
}

void known_forget(struct known_version *known)
{
        free(known->text);
        *known = (struct known_version){.turns = known->turns + 1};
}
