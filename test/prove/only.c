/* Linked to a mutant's test: only the test that must find the mutant is run (PK_ONLY_TEST, its name); the others of its file
 * would cost minutes on real servers and prove nothing of this mutant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

__attribute__((constructor)) static void run_only_the_named_test(void) {
        const char *name = getenv("PK_ONLY_TEST");
        if (name) cmocka_set_test_filter(name);
}
