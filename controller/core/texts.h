/*
 * texts.h -- the pieces that sentences for people are made of. Pure.
 *
 * No piece holds a running duration or a counter: the same facts make the same sentence, whenever they are looked at.
 */
#ifndef PK_CORE_TEXTS_H
#define PK_CORE_TEXTS_H

#include "core/view.h"
#include "util/arena.h"

/* At most @max_bytes of what others wrote, cut at a character ("..." follows); "nothing" where it is empty. */
const char *texts_excerpt(const char *text, size_t max_bytes, struct arena *arena);

const char *texts_time(unix_ms at, struct arena *arena); /* "2026-11-23T02:59:11Z" */
/* The same of an instant on the monotonic clock. */
const char *texts_instant(const struct view *view, mono_ms at, struct arena *arena);

/*
 * "TLS :9900 timeout; Deployment unknown: ..." of the checks that fail or say nothing; "every check passes" where none
 * does. Checks that do not count in the plane's role are left out here and below.
 */
const char *texts_bad_checks(const struct plane_view *plane, struct arena *arena);
/* "TLS :9900 ok, 3/3 replicas": every check. */
const char *texts_all_checks(const struct plane_view *plane, struct arena *arena);

/* "b is active since 02:59:11Z and has not passed its checks as the active plane yet (HTTP :8080 503)". */
const char *texts_new_role(const struct view *view, const struct plane_view *plane, struct arena *arena);


/* Where the decision record stands. */
const char *texts_record_place(const struct view *view, struct arena *arena);

/* "DNS server 192.0.2.53:53", "Redis 192.0.2.6:6379". */
const char *texts_server(const struct target_view *target, struct arena *arena);
/* The same and what is wrong with it; the address once, though errors of sockets begin with it too. */
const char *texts_trouble(const struct target_view *target, struct arena *arena);
/* "gloo.example.com cannot be written: ...", by the server's own word: of one whose write_denied is not NULL. */
const char *texts_denied(const struct target_view *target, struct arena *arena);
/* The same of the first target that a switch waits for. */
const char *texts_write_denied(const struct view *view, struct arena *arena);
/* The host name that a CNAME or an alias leads to; NULL: the record has addresses of its own. */
const char *texts_leads_to(const char *rrset, struct arena *arena);
/* Where the stamp stands. */
const char *texts_stamp_place(const struct target_view *target, struct arena *arena);
const char *texts_target(const struct target_view *target, struct arena *arena); /* "lock mgmt-active" */
const char *texts_value(const struct target_view *target, struct arena *arena);  /* an excerpt of what it shows */
const char *texts_shows(const struct target_view *target, struct arena *arena);  /* "lock mgmt-active holds \"b\"" */

/* "the kill switch is on", or why it counts as on; texts_kill_switch_remedy() has the remedy with it. */
const char *texts_kill_switch(const struct view *view);
const char *texts_kill_switch_remedy(const struct view *view, struct arena *arena);

/* The state of view->targets[i] against the record, for a person who has to repair it. */
const char *texts_drift(const struct view *view, unsigned i, struct arena *arena);
const char *texts_name_empty(const struct view *view, struct arena *arena);

#endif
