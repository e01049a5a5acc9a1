#include "services/agent-api/passage.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/program/lifecycle.h"
#include "services/agent-api/door.h"

#include <poll.h>

#define LINGER_MS 3000
#define LOOK_MS   20

static void quiesce(_Atomic(struct httpd *) *slot)
{
    struct httpd *httpd = atomic_load(slot);

    if (httpd != NULL)
        httpd_quiesce(httpd);
}

/* A gateway keeps connections for its next call, which should not meet a process that has passed
 * on. */
static void shut_door(struct app *app)
{
    struct httpd *local = atomic_load(&app->local);

    door_remove(app->birth.local_socket);
    if (local != NULL)
        httpd_hang_up(local);
}

/* From here on there is no way back: who connects now waits for the next process. This one ends
 * when that one serves, however long it takes: somebody waits for our answer. */
static int step_aside(struct app *app, struct err *err)
{
    int result;

    atomic_store(&app->passed, true);
    quiesce(&app->httpd);
    quiesce(&app->local);
    if (app->birth.local_socket != NULL)
        shut_door(app);
    engine_leave(app->engine);
    result = line_leave(app->line, err);
    lifecycle_end();
    return result;
}

/* In the form that has the digest: the keeper compares them without a parser. */
static int offer(struct app *app, const struct manifest *manifest, struct err *err)
{
    OWNED_BUF text = BUF_OF(MANIFEST_SIZE_MAX);
    uint8_t sha256[SHA256_SIZE];

    if (json_canonical(manifest->document, &text, err) < 0 ||
        buf_check(&text, "the manifest", err) < 0 ||
        text_parse_hex(manifest->sha256, sha256, SHA256_SIZE, err) < 0)
        return -1;
    return line_offer(app->line, buf_span(&text), sha256, err);
}

int passage_hand_over(struct app *app, const struct manifest *manifest, struct err *err)
{
    int result;

    pthread_mutex_lock(&app->passing);
    result = passage_check(app, err);
    if (result == 0)
        result = offer(app, manifest, err);
    if (result == 0)
        result = step_aside(app, err);
    pthread_mutex_unlock(&app->passing);
    return result;
}

int passage_end(struct app *app, struct err *err)
{
    int result;

    pthread_mutex_lock(&app->passing);
    result = passage_check(app, err);
    if (result == 0)
        result = step_aside(app, err);
    pthread_mutex_unlock(&app->passing);
    return result;
}

int passage_check(const struct app *app, struct err *err)
{
    if (!atomic_load(&app->passed))
        return 0;
    return err_set(err, ERR_STATE,
                   "this connection is to a process that has passed on: another one, with another "
                   "key, serves now; connect again");
}

static unsigned connections(const _Atomic(struct httpd *) *slot)
{
    const struct httpd *httpd = atomic_load(slot);

    return httpd != NULL ? httpd_connections(httpd) : 0;
}

void passage_linger(const struct app *app)
{
    int64_t until = clock_monotonic_ms() + LINGER_MS;

    while (connections(&app->httpd) + connections(&app->local) > 0 && clock_monotonic_ms() < until)
        poll(NULL, 0, LOOK_MS);
}
