#include "tests/unit/unit.h"

#include "services/agent-api/engine/notices.h"

#include <pthread.h>

#define THREADS 8
#define EACH    500

static int last[THREADS];
static int total;

static void observe(void *ctx, const char *type, const char *subject, struct json *data)
{
    int thread = subject[0] - '0', number = (int)json_get_int(data, "number");

    (void)ctx;
    assert_string_equal(type, "x");
    assert_int_equal(number, last[thread] + 1); /* in order, one at a time */
    last[thread] = number;
    total++;
    json_free(data);
}

struct teller {
    struct notices *notices;
    int thread;
};

static void *tell(void *arg)
{
    const struct teller *teller = arg;
    char subject[8];

    snprintf(subject, sizeof(subject), "%d", teller->thread);
    for (int i = 1; i <= EACH; i++) {
        struct json *data = json_new_object();

        json_set_int(data, "number", i);
        notices_add(teller->notices, "x", subject, data);
        if (i % 3 == 0)
            notices_tell(teller->notices);
    }
    return NULL;
}

static void what_many_say_is_told_in_order_and_all_of_it(void **state)
{
    struct notices *notices = notices_new(observe, NULL);
    struct teller tellers[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        tellers[i] = (struct teller){notices, i};
        assert_int_equal(pthread_create(&threads[i], NULL, tell, &tellers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    notices_free(notices);
    assert_int_equal(total, THREADS * EACH);
    notices_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_many_say_is_told_in_order_and_all_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
