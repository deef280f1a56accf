/* dns.c -- the RFC 2136 driver on virtual time, as it is measured to behave by test/contract; other nameservers are observed. */
#include "registers_parts.h"

#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "jobs.h"
#include "nameservers.h"
#include "targets/dns/rfc2136.h"
#include "targets/fence.h"
#include "util/mem.h"
#include "util/text.h"

enum { BATCH_MAX = 8 };

static void fill_dns(const struct reg *reg, struct target_state *ret)
{
        *ret = (struct target_state){
            .present = reg->value[0], .value = mem_strdup(reg->value), .ttl_s = reg->ttl_s, .version = mem_strdup("example.test.")};
        registers_fill_stamp(reg->text, &ret->stamp);
}

/* A session, and where what it talks to is. */
struct nameserver_session {
        struct target_session base; /* first */
        enum locality place;
};

static enum err dns_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        (void)reterr;
        struct nameserver_session *self = mem_new(self);
        self->base.driver = &rfc2136_driver;
        self->place = strcmp(target_setting_find(config, "nameserver"), "192.0.2.53") == 0 ? AT_DNS : AT_NOWHERE;
        *ret = &self->base;
        return ERR_OK;
}

static void dns_close(struct target_session *session)
{
        free(session);
}

static enum locality place_of(const struct target_session *session)
{
        return ((const struct nameserver_session *)(const void *)session)->place;
}

static bool is_mistyped(const char *name)
{
        char meant[64];
        registers_name(registers_number(name), meant, sizeof(meant));
        return strcmp(name, meant) != 0;
}

static struct reg *reg_of(const char *name)
{
        return is_mistyped(name) ? &registers.stray_dns[registers_number(name)] : &registers.dns[registers_number(name)];
}

static enum err dns_read(enum locality place, struct target_visit *visit)
{
        struct reg seen;
        enum err err = registers_read(reg_of(visit->name), place, registers_time(visit->deadline), &seen, &visit->why);
        if (err != ERR_OK)
                return err;
        fill_dns(&seen, &visit->found);
        if (is_mistyped(visit->name))
                return ERR_OK;
        const char *doubt = beside_tell_doubt(host_current, registers_number(visit->name), &seen);
        visit->found.doubt = doubt ? mem_strdup(doubt) : NULL;
        return ERR_OK;
}

/* As the driver does it: whoever passes updates on is given the time of a transfer. */
static enum err look_again(const struct update *update, vtime_us deadline, struct reg *ret, struct errmsg *reterr)
{
        enum { SETTLES_WITHIN_MS = 3000 };
        vtime_us until = vtime_now() + (vtime_us)SETTLES_WITHIN_MS * VTIME_MS, at = beside_shows_at(update->policy);
        until = until < deadline ? until : deadline;
        if (at && vtime_now() < until)
                jobs_sleep(at < until ? at : until);
        return registers_read(update->reg, update->place, deadline, ret, reterr);
}

/* What takes the updates has something else than what was read. */
static enum err explain_conflict(const struct update *update, struct target_visit *visit)
{
        struct reg seen;
        struct errmsg ignored = {0};
        if (!beside_shows_at(update->policy) ||
            look_again(update, registers_time(visit->deadline), &seen, &ignored) != ERR_OK)
                return ERR_CONFLICT;
        if (registers_are_same(&seen, &update->expected))
                return err_set(&visit->why, ERR_INVALID, "answers \"%.80s\", but what takes its updates has other records",
                               seen.value);
        if (!registers_are_same(&seen, &update->want))
                return ERR_CONFLICT;
        fill_dns(&seen, &visit->found);
        return ERR_OK;
}

/* The server said that it did it; what it serves now is the proof. */
static enum err verify_update(const struct update *update, struct target_visit *visit)
{
        struct reg seen;
        if (look_again(update, registers_time(visit->deadline), &seen, &visit->why) != ERR_OK)
                return ERR_UNKNOWN;
        if (registers_are_same(&seen, &update->want)) {
                fill_dns(&seen, &visit->found);
                return ERR_OK;
        }
        if (registers_are_same(&seen, &update->expected))
                return err_set(&visit->why, ERR_UNKNOWN, "said yes to the update but still serves \"%.80s\"", seen.value);
        return strcmp(seen.text, update->want.text) == 0
                   ? err_set(&visit->why, ERR_INVALID, "took the update but serves \"%.80s\"", seen.value)
                   : err_set(&visit->why, ERR_CONFLICT, "changed right after us");
}

static struct update update_of(enum locality place, const struct target_visit *visit)
{
        const struct target_state *expected = visit->expected;
        const struct target_want *want = visit->want;
        const unsigned policy = registers_number(visit->name);
        const bool is_stray = is_mistyped(visit->name);
        struct update update = {.reg = reg_of(visit->name),
                                .before = is_stray ? &registers.stray_before : &registers.dns_before[policy],
                                .is_stray = is_stray,
                                .place = place,
                                .policy = policy};
        update.expected.is_present = update.want.is_present = true;
        (void)TEXT_COPY(update.expected.value, expected->value);
        if (expected->stamp.presence != STAMP_ABSENT)
                (void)TEXT_COPY(update.expected.text, expected->stamp.raw);
        update.want.ttl_s = want->keeps_value ? expected->ttl_s : want->ttl_s;
        (void)TEXT_COPY(update.want.value, want->keeps_value ? expected->value : want->value);
        dns_stamp_print(want, update.want.text, sizeof(update.want.text));
        return update;
}

static enum err dns_swap(enum locality place, struct target_visit *visit)
{
        const struct update update = update_of(place, visit);
        enum err err = registers_write(&update, registers_time(visit->deadline), &visit->why);
        if (err == ERR_CONFLICT)
                return explain_conflict(&update, visit);
        return err == ERR_OK ? verify_update(&update, visit) : err;
}

/* One message: a refusal makes each of them suspect, and a lost answer is unknown for each. */
static void dns_swap_all(enum locality place, struct target_visit *visits, size_t count)
{
        struct update own[BATCH_MAX]; /* on the stack: a job that is given back while it sleeps frees nothing */
        struct errmsg why = {0};
        for (size_t i = 0; i < count; i++)
                own[i] = update_of(place, &visits[i]);
        enum err err = registers_write_all(own, count, registers_time(visits->deadline), &why);
        world_trace("%zu names in one update: %s", count, err_name(err));
        for (size_t i = 0; i < count; i++) {
                const struct update update = update_of(place, &visits[i]);
                visits[i].why = why;
                visits[i].err = err == ERR_OK ? verify_update(&update, &visits[i]) : err;
                if (err == ERR_CONFLICT || err == ERR_DENIED)
                        visits[i].fate = TARGET_SUSPECT;
        }
}

static void dns_visit(struct target_session *session, struct target_visit *visits, size_t count)
{
        const enum locality place = place_of(session);
        if (count > 1 && visits->verb == TARGET_SWAP) {
                dns_swap_all(place, visits, count);
                return;
        }
        for (size_t i = 0; i < count; i++)
                visits[i].err = visits[i].verb == TARGET_READ ? dns_read(place, &visits[i]) : dns_swap(place, &visits[i]);
}

static enum err dns_claims(struct target_session *session, const char *name, mono_ms deadline, char **ret_claim,
                           struct errmsg *reterr)
{
        const unsigned policy = registers_number(name);
        struct reg ignored;
        *ret_claim = NULL;
        if (is_mistyped(name))
                return ERR_OK;
        enum err err = ERR_OK;
        if (beside_has_claims())
                err = registers_read(&registers.dns[policy], place_of(session), registers_time(deadline), &ignored, reterr);
        if (err != ERR_OK) {
                beside_untold(host_current, policy);
                return err;
        }
        const char *claim = beside_tell_claim(host_current, policy);
        *ret_claim = claim ? mem_strdup(claim) : NULL;
        return ERR_OK;
}

static enum err dns_alive(struct target_session *session, const struct target_alive *alive, char **ret_heard,
                          struct errmsg *reterr)
{
        char heard[REGISTER_TEXT_BYTES], unheard[REGISTER_TEXT_BYTES] = ""; /* nobody listens under a mistyped name */
        char *text = is_mistyped(alive->name) ? unheard : registers.alive[registers_number(alive->name)];
        const bool says = alive->say != NULL;
        vtime_us late, until = registers_time(alive->deadline);
        enum err err = registers_go_to(place_of(session), until, says, &late, reterr);
        if (err == ERR_UNKNOWN)
                return registers_unanswered(until, says, reterr);
        if (err != ERR_OK)
                return err;
        if (says)
                (void)text_copy(text, REGISTER_TEXT_BYTES, alive->say);
        (void)TEXT_COPY(heard, text);
        err = registers_come_back(place_of(session), until, says, reterr);
        if (err == ERR_OK)
                *ret_heard = mem_strdup(heard);
        return err;
}

const struct target_driver rfc2136_driver = {
    .name = "rfc2136",
    .kind = TARGET_NAME,
    .limits = {.visit_ms = 5000,
               .read_every_ms = 30000,
               .session_ms = 60000,
               .at_once = 3,
               .batch_max = BATCH_MAX,
               .may_halve = true,
               .fenced = true,
               .can_arbitrate = true},
    .where = "nameserver",
    .open = dns_open,
    .visit = dns_visit,
    .claims = dns_claims,
    .alive = dns_alive,
    .close = dns_close,
};

enum err dns_observe(const char *server, const char *name, mono_ms deadline, struct target_state *ret,
                     struct errmsg *reterr)
{
        struct reg shown, seen;
        const enum locality place = nameservers_place(server);
        nameservers_show(place, registers_number(name), &shown);
        enum err err = registers_read(&shown, place, registers_time(deadline), &seen, reterr);
        if (err == ERR_OK)
                fill_dns(&seen, ret);
        return err;
}
