/* target.c -- the parts that all targets share: settings, the preconditions of a write, clearing. */
#include "targets/target.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "targets/fence.h"
#include "util/mem.h"
#include "util/text.h"

const char *target_setting_find(const struct target_config *config, const char *key)
{
        for (size_t i = 0; i < config->setting_count; i++)
                if (text_equal(config->settings[i].key, key))
                        return config->settings[i].value;
        return NULL;
}

const struct secret *target_credential_find(const struct target_config *config, const char *key)
{
        for (size_t i = 0; i < config->credential_count; i++)
                if (text_equal(config->credentials[i].key, key))
                        return &config->credentials[i].value;
        return NULL;
}

static void free_text(const char **text)
{
        free((char *)*text); /* const for the readers of a state; allocated by the target that filled it */
        *text = NULL;
}

void target_stamp_clear(struct stamp *stamp)
{
        free_text(&stamp->plane);
        free_text(&stamp->store);
        free_text(&stamp->raw);
        free_text(&stamp->claim);
        *stamp = (struct stamp){0};
}

void target_state_clear(struct target_state *state)
{
        free_text(&state->value);
        free_text(&state->version);
        free_text(&state->doubt);
        free_text(&state->obstacle);
        for (unsigned i = 0; i < state->unready_count; i++) {
                free((char *)state->unready[i].value);
                free((char *)state->unready[i].why);
                free((char *)state->unready[i].reason);
        }
        free((struct unready *)state->unready);
        target_stamp_clear(&state->stamp);
        *state = (struct target_state){0};
}

/*
 * A text that would not read back as it was meant (a space in a name, too long) must never be written. *ret_routed is
 * the epoch that it gives the value.
 */
static bool reads_back(const struct target_want *want, epoch_t *ret_routed)
{
        char text[TARGET_STAMP_BYTES];
        dns_stamp_print(want, text, sizeof(text));
        struct stamp stamp = {0};
        dns_stamp_parse(text, &stamp);
        epoch_t decided = want->record ? stamp.decided : stamp.epoch;
        bool same = stamp.presence == STAMP_OURS && decided == want->epoch && stamp.id == want->id &&
                    (!want->record || text_equal(text, want->record)) && text_equal(stamp.plane, want->plane) &&
                    text_equal(stamp.store, want->store);
        *ret_routed = stamp.epoch;
        target_stamp_clear(&stamp);
        return same && (want->keeps_value || *ret_routed == want->epoch);
}

static enum err check_owner(const struct stamp *stored, const struct target_want *want, struct errmsg *reterr)
{
        if (stored->claim)
                return err_set(reterr, ERR_INVALID, "the name %s", stored->claim);
        if (stored->presence == STAMP_FOREIGN || stored->presence == STAMP_UNREADABLE)
                return err_set(reterr, ERR_INVALID,
                               "the ownership record beside the value %s: \"%.80s\"; remove it if nobody needs it",
                               stored->presence == STAMP_FOREIGN ? "is another owner's" : "cannot be read",
                               stored->raw ? stored->raw : "");
        bool is_ours =
            text_equal(stored->store, want->store) || (want->former && text_equal(stored->store, want->former));
        if (stored->presence == STAMP_OURS && !is_ours)
                return err_set(reterr, ERR_INVALID, "it belongs to %.100s; remove its ownership record to take it over",
                               stored->store);
        return ERR_OK;
}

enum err target_check_stamp(const struct stamp *stored, bool has_value, const struct target_want *want,
                            struct errmsg *reterr)
{
        epoch_t routed;
        if (!reads_back(want, &routed))
                return err_set(reterr, ERR_INVALID,
                               "epoch %" PRIu64 ", plane \"%.60s\" and store \"%.60s\" do not fit an ownership record",
                               want->epoch, want->plane, want->store);
        enum err err = check_owner(stored, want, reterr);
        if (err != ERR_OK)
                return err;
        bool is_present = stored->presence == STAMP_OURS;
        epoch_t decided = !is_present ? 0 : stored->decided ? stored->decided : stored->epoch;
        epoch_t value_epoch = is_present ? stored->epoch : 0;
        if (decided > want->epoch || value_epoch > routed)
                return err_set(reterr, ERR_CONFLICT, "epoch %" PRIu64 " is stored, %" PRIu64 " is older", decided,
                               want->epoch);
        if (decided == want->epoch && stored->id != want->id)
                return err_set(reterr, ERR_CONFLICT, "epoch %" PRIu64 " is stored with another decision id", decided);
        if (value_epoch == routed && !has_value)
                return err_set(reterr, ERR_CONFLICT, "epoch %" PRIu64 " is stored with another value", routed);
        if (want->keeps_value && value_epoch != routed)
                return err_set(reterr, ERR_CONFLICT, "the value stays, so its epoch stays %" PRIu64, value_epoch);
        return ERR_OK;
}

void target_stamp_text(const struct target_state *expected, const struct target_want *want,
                       char ret_text[static TARGET_STAMP_BYTES])
{
        /*
         * A text that is written once more to reach a replica stays to the letter, whichever operator wrote it: an
         * epoch is written once.
         */
        bool has_value = expected->is_half || (expected->present && text_equal(expected->value, want->value));
        bool is_there = has_value &&
                        expected->stamp.presence == STAMP_OURS && expected->stamp.epoch == want->epoch;
        if (is_there && expected->stamp.raw)
                text_copy(ret_text, TARGET_STAMP_BYTES, expected->stamp.raw);
        else
                dns_stamp_print(want, ret_text, TARGET_STAMP_BYTES);
}

const struct target_limits *target_limits_of(const char *name)
{
        static const struct target_limits unknown = {.read_every_ms = 30000, .at_once = 1};
        const struct target_driver *driver = name ? target_driver_find(name) : NULL;
        return driver ? &driver->limits : &unknown;
}

/* The preconditions of a write, before anything is sent. */
static enum err check_swap(const struct target_driver *driver, const struct target_visit *visit, struct errmsg *reterr)
{
        const struct target_state *expected = visit->expected;
        const struct target_want *want = visit->want;
        if (!want->value[0] && !want->keeps_value)
                return err_set(reterr, ERR_INVALID, "an empty value is never written");
        /*
         * Where a server may have done half of a write, an absent value under this very epoch is that, or was removed
         * by a person: it is nobody's value. Where something else sets the value any may be there.
         */
        bool is_empty = !expected->present || !expected->value[0];
        bool may_be_wanted =
            expected->is_half || (is_empty ? driver->limits.may_halve : text_equal(expected->value, want->value));
        return target_check_stamp(&expected->stamp, may_be_wanted, want, reterr);
}

void target_visit(struct target_session *session, struct target_visit *visit)
{
        target_visit_all(session, visit, 1);
}

static bool may_go(const struct target_driver *driver, struct target_visit *visit)
{
        visit->fate = TARGET_ENDED;
        visit->err = visit->verb == TARGET_SWAP ? check_swap(driver, visit, &visit->why) : ERR_OK;
        return visit->err == ERR_OK;
}

void target_visit_all(struct target_session *session, struct target_visit *visits, size_t count)
{
        const struct target_driver *driver = session->driver;
        struct target_visit *going = mem_calloc(count, sizeof(*going));
        size_t *of = mem_calloc(count, sizeof(*of)), going_count = 0;
        for (size_t i = 0; i < count; i++) {
                if (!may_go(driver, &visits[i]))
                        continue;
                of[going_count] = i;
                going[going_count++] = visits[i];
        }
        if (going_count > 0)
                driver->visit(session, going, going_count);
        for (size_t i = 0; i < going_count; i++)
                visits[of[i]] = going[i];
        free(going);
        free(of);
}

bool target_start(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx)
{
        if (!may_go(session->driver, visit))
                return false;
        session->driver->start(session, visit, done, ctx);
        return true;
}

enum err target_claims(struct target_session *session, const char *name, mono_ms deadline, char **ret_claim,
                       struct errmsg *reterr)
{
        *ret_claim = NULL;
        return session->driver->claims ? session->driver->claims(session, name, deadline, ret_claim, reterr) : ERR_OK;
}

enum err target_hear(struct target_session *session, const struct target_alive *alive, char **ret_heard,
                     struct errmsg *reterr)
{
        const struct target_driver *driver = session->driver;
        if (!driver->alive)
                return err_set(reterr, ERR_INVALID, "%s cannot keep the decision record", driver->name);
        enum err err = driver->alive(session, alive, ret_heard, reterr);
        return err == ERR_OK ? ERR_OK : err_wrap(reterr, err, "_planekeeper-alive");
}

enum err target_may_write(struct target_session *session, struct target_preflight *preflight, struct errmsg *reterr)
{
        const struct target_driver *driver = session->driver;
        return driver->preflight
                   ? driver->preflight(session, preflight, reterr)
                   : err_set(reterr, ERR_TRANSIENT, "%s does not tell what its credentials may do", driver->name);
}

void target_may_write_all(struct target_session *session, struct target_preflight *preflights, size_t count)
{
        if (session->driver->preflight_all) {
                session->driver->preflight_all(session, preflights, count);
                return;
        }
        for (size_t i = 0; i < count; i++)
                preflights[i].err = target_may_write(session, &preflights[i], &preflights[i].why);
}

enum err target_find_servers(struct target_session *session, const char *name, mono_ms deadline,
                             struct target_servers *ret, struct errmsg *reterr)
{
        const struct target_driver *driver = session->driver;
        return driver->servers ? driver->servers(session, name, deadline, ret, reterr) : ERR_OK;
}

void target_servers_clear(struct target_servers *servers)
{
        for (size_t i = 0; i < servers->count; i++)
                free(servers->list[i]);
        *servers = (struct target_servers){0};
}

void target_close(struct target_session *session)
{
        if (session)
                session->driver->close(session);
}
