#include "cli/bundle.h"

#include "cli/interrupt.h"
#include "cli/print.h"
#include "lib/base/text.h"
#include "lib/crypto/digest.h"

#include <stdio.h>

#define ATTEMPTS_MAX   8
#define SHORT_PAUSE_MS 2000  /* after a failure of the service */
#define LIMIT_PAUSE_MS 10000 /* AMD answers one question of its kind in ten seconds */
#define MAX_AGE_MS     (24 * 3600 * 1000ULL)
#define PATIENCE_MS    60000
#define MS_IN_A_SECOND 1000

/* --- asking
 * ---------------------------------------------------------------------------------------
 */

static uint64_t pause_of(const struct fetch_reply *reply, const struct err *err)
{
    if (reply->retry_after_s > 0)
        return (uint64_t)reply->retry_after_s * MS_IN_A_SECOND;
    return err->kind == ERR_TOO_MANY ? LIMIT_PAUSE_MS : SHORT_PAUSE_MS;
}

/* Whether to ask again, after a pause that does not outlast the patience. */
static int wait_or_give_up(const char *service, uint64_t pause_ms, uint64_t *left_ms,
                           struct err *err)
{
    char pause[TEXT_DURATION_SIZE];

    if (err->kind != ERR_TOO_MANY && err->kind != ERR_UNAVAILABLE)
        return err_wrap(err, "%s", service);
    text_format_duration(pause_ms, pause);
    if (pause_ms > *left_ms)
        return err_wrap(err, "%s wants to be left alone for %s (--patience waits longer)", service,
                        pause);
    *left_ms -= pause_ms;
    say("%s asks to wait %s", service, pause);
    return interrupt_sleep((unsigned)pause_ms, err);
}

int bundle_download(struct bundle *bundle, const struct document *document,
                    struct fetch_reply *reply, struct buf *out, struct err *err)
{
    uint64_t left = bundle->options->patience_ms != 0 ? bundle->options->patience_ms : PATIENCE_MS;

    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        buf_reset(out);
        if (fetch_get(bundle->fetcher, document->url, document->wanted, out, reply, err) == 0)
            return 0;
        if (wait_or_give_up(document->service, pause_of(reply, err), &left, err) < 0)
            return -1;
    }
    return err_set(err, ERR_UNAVAILABLE, "%s: %s: no answer after %d attempts", document->service,
                   document->url, ATTEMPTS_MAX);
}

int bundle_download_piece(struct bundle *bundle, const struct piece *piece, struct buf *out,
                          struct err *err)
{
    const struct document document = {.service = piece->service, .url = piece->url};
    OWNED_FETCH_REPLY reply = {0};

    return bundle_download(bundle, &document, &reply, out, err);
}

/* --- one piece -----------------------------------------------------------------------------------
 */

static void note(struct bundle *bundle, const struct piece *piece, const char *source,
                 int64_t until, struct span bytes)
{
    OWNED(free_str) char *path = cache_path(&bundle->cache, piece->name);
    struct json *file = json_new_object();
    uint8_t digest[SHA256_SIZE];

    digest_of(DIGEST_SHA256, bytes, digest);
    json_set_str(file, "path", path);
    json_set_str(file, "what", piece->what);
    json_set_str(file, "source", source);
    json_set_time(file, "valid_until", until);
    json_set_hex(file, "sha256", SPAN_OF_ARRAY(digest));
    json_add(bundle->files, file);
}

/* The kept one, when it holds. */
static bool find_kept(const struct bundle *bundle, const struct piece *piece, struct buf *out,
                      int64_t *ret_until, bool *ret_old, struct err *why)
{
    uint64_t max_age = bundle->options->max_age_ms != 0 ? bundle->options->max_age_ms : MAX_AGE_MS;
    int64_t age = 0;

    if (cache_read(&bundle->cache, piece->name, out, &age, why) < 0 ||
        piece->check(bundle, piece, buf_span(out), ret_until, why) < 0)
        return false;
    *ret_old = piece->ages && (age < 0 || (uint64_t)age > max_age / MS_IN_A_SECOND);
    return true;
}

static int fetch_new(struct bundle *bundle, const struct piece *piece, struct buf *out,
                     struct err *err)
{
    int64_t until = 0;

    if (piece->fetch(bundle, piece, out, err) < 0)
        return -1;
    if (piece->check(bundle, piece, buf_span(out), &until, err) < 0)
        return err_wrap(err, "what '%s' served does not hold and was not kept", piece->url);
    if (cache_write(&bundle->cache, piece->name, buf_span(out), err) < 0)
        return -1;
    note(bundle, piece, "fetched", until, buf_span(out));
    return 0;
}

int bundle_obtain(struct bundle *bundle, const struct piece *piece, struct buf *out,
                  struct err *err)
{
    OWNED_BUF fresh = BUF_OF(piece->max), kept = BUF_OF(piece->max);
    bool old = false, holds;
    int64_t until = 0;
    struct err why;

    holds = find_kept(bundle, piece, &kept, &until, &old, &why);
    if (!holds && bundle->options->offline) {
        *err = why;
        return err_wrap(err, "%s: not in the cache in a form that holds", piece->what);
    }
    if (!holds || (old && !bundle->options->offline)) {
        if (fetch_new(bundle, piece, &fresh, err) == 0) {
            buf_add_span(out, buf_span(&fresh));
            return buf_check(out, piece->what, err);
        }
        if (!holds || err->kind == ERR_INTERRUPTED)
            return err_wrap(err, "%s", piece->what);
        say_warning("%s: %s; the one in the cache still holds", piece->what, err->text);
    }
    note(bundle, piece, "cache", until, buf_span(&kept));
    buf_add_span(out, buf_span(&kept));
    return buf_check(out, piece->what, err);
}

/* --- the evidence --------------------------------------------------------------------------------
 */

int bundle_check_evidence(const struct bundle *bundle, struct attest_input *in, struct err *err)
{
    OWNED_VERDICT verdict = {.count = 0};

    in->evidence = buf_span(&bundle->evidence);
    in->trust_roots = bundle->roots;
    in->now = bundle->now;
    if (attest_validate(in, &verdict, err) < 0)
        return -1;
    if (verdict_crypto(&verdict) == OUTCOME_PASS)
        return 0;
    for (size_t i = 0; i < verdict.count; i++) {
        const struct finding *finding = &verdict.findings[i];
        const struct finding_row *row = finding_row(finding->id);

        if (row->aspect == ASPECT_CRYPTO && finding->severity == SEVERITY_ERROR)
            return err_set(err, ERR_UNTRUSTED, "%s: expected %s, got %s", row->id,
                           finding->expected != NULL ? finding->expected : "what holds",
                           finding->got != NULL ? finding->got : "something else");
    }
    return err_set(err, ERR_UNTRUSTED, "the evidence is not genuine");
}
