/* redis_replicas_test.c -- what INFO says of replicas; the text is of Redis 7.0.15 with its numbers changed. */
#include "targets/redis/replicas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define HEAD "# Replication\r\nrole:master\r\nconnected_slaves:3\r\n"
#define TAIL                                                                                                          \
        "master_failover_state:no-failover\r\nmaster_replid:8371b4fb1155b71f4a04d3e1bc3e18c4a990aeeb\r\n"             \
        "slave_repl_offset:99\r\nmaster_repl_offset:449\r\nrepl_backlog_size:1048576\r\n"
#define REPLICA(number, state, lag)                                                                                   \
        "slave" #number ":ip=10.0.0." #number ",port=6379,state=" state ",offset=449,lag=" #lag "\r\n"

static void replicas_that_are_in_sync_count(void **state)
{
        (void)state;
        static const struct {
                const char *info;
                unsigned count;
        } cases[] = {
            {HEAD TAIL, 0},
            {HEAD REPLICA(0, "online", 0) TAIL, 1},
            {HEAD REPLICA(0, "online", 1) REPLICA(1, "online", 10) TAIL, 2},
            {HEAD REPLICA(0, "online", 11) TAIL, 0},
            {HEAD REPLICA(0, "online", 11) REPLICA(1, "online", 3) TAIL, 1},
            {HEAD REPLICA(0, "wait_bgsave", 0) REPLICA(1, "send_bulk", 0) TAIL, 0},
            {HEAD REPLICA(10, "online", 0) TAIL, 1},
            /* An IPv6 address has colons of its own. */
            {HEAD "slave0:ip=fd00::7,port=6379,state=online,offset=449,lag=0\r\n" TAIL, 1},
            /* Redis before 2.8.18 and what is cut: not in sync, as far as is known. */
            {HEAD "slave0:10.0.0.1,6379,online\r\n" TAIL, 0},
            {HEAD "slave0:ip=10.0.0.1,port=6379,state=online,offset=449,lag=", 0},
            {HEAD "slave0:ip=10.0.0.1,port=6379,state=online,offset=449,lag=-1\r\n" TAIL, 0},
            {"", 0},
            {"slave0", 0},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                assert_int_equal(replicas_in_sync(cases[i].info), cases[i].count);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(replicas_that_are_in_sync_count),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
