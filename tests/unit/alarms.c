/* Tests that have to fail, each for one alarm of a sanitizer: were they to pass, a leak or an overflow in any
 * other test would go unnoticed, since Criterion passes a test whatever the sanitizer prints unless it is
 * told to abort. */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdlib.h>

/* Not to be seen through by the compiler. */
static volatile int one = 1;
void *volatile kept;

Test(alarms, overflow)
{
    char *p = malloc((size_t)one);
    kept = p;
    p[one] = 1;
    free(p);
}

Test(alarms, leak)
{
    kept = malloc((size_t)one * 100);
    kept = NULL;
}

Test(alarms, undefined)
{
    int n = INT_MAX;
    n += one;
    one = n;
}
