/* nameservers.c -- servers that only show. */
#include "nameservers.h"

#include <string.h>

#include "util/mem.h"
#include "util/text.h"

enum illness { WELL, DEAD, ASTRAY, LAGGING };

static struct nameserver {
        enum illness illness;
        int lags, strays;
        vtime_us agrees_since;
        struct reg before[POLICIES_MAX];
} servers[NAMESERVERS_MAX];

static const char *const addresses[NAMESERVERS_MAX] = {"192.0.2.54", "192.0.2.55"};

const char *nameservers_address(unsigned server)
{
        return addresses[server];
}

static void fall_ill(unsigned server)
{
        switch (servers[server].illness) {
        case DEAD:
                world.places[AT_NAMESERVER + server].silent++;
                break;
        case ASTRAY:
                nameservers_stray(server, 1);
                break;
        case LAGGING:
                nameservers_lag(server, 1);
                break;
        default:
                break;
        }
}

void nameservers_begin(void)
{
        memset(servers, 0, sizeof(servers));
        for (unsigned i = 0; i < world.nameserver_count; i++) {
                servers[i].illness = chance(400) ? (enum illness)(DEAD + chance_below(3)) : WELL;
                fall_ill(i);
        }
}

enum locality nameservers_place(const char *address)
{
        for (unsigned i = 0; i < NAMESERVERS_MAX; i++)
                if (strcmp(addresses[i], address) == 0)
                        return AT_NAMESERVER + i;
        return AT_NOWHERE;
}

void nameservers_show(enum locality place, unsigned policy, struct reg *ret)
{
        if (place == AT_NOWHERE)
                return;
        const struct nameserver *server = &servers[place - AT_NAMESERVER];
        *ret = server->lags > 0 ? server->before[policy] : registers.dns[policy];
        if (server->strays > 0)
                (void)TEXT_COPY(ret->value, "A 203.0.113.99");
}

static void note_agreement(struct nameserver *server)
{
        if (!server->lags && !server->strays)
                server->agrees_since = vtime_now();
}

void nameservers_lag(unsigned server, int more)
{
        struct nameserver *self = &servers[server];
        if (self->lags == 0)
                memcpy(self->before, registers.dns, sizeof(self->before));
        self->lags += more;
        note_agreement(self);
}

void nameservers_stray(unsigned server, int more)
{
        servers[server].strays += more;
        note_agreement(&servers[server]);
}

const char *nameservers_illness(unsigned server)
{
        static const char *const words[] = {
            [DEAD] = "does not answer", [ASTRAY] = "belongs to no plane", [LAGGING] = "still answers old data"};
        return words[servers[server].illness];
}

vtime_us nameservers_agree_since(void)
{
        vtime_us since = 0;
        for (unsigned i = 0; i < world.nameserver_count; i++) {
                if (servers[i].lags || servers[i].strays)
                        return INT64_MAX;
                since = servers[i].agrees_since > since ? servers[i].agrees_since : since;
        }
        return since;
}
