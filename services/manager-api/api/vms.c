#include "lib/attest/reference/corim_policy.h"
#include "lib/base/text.h"
#include "lib/crypto/digest.h"
#include "services/manager-api/api/api.h"
#include "services/manager-api/app.h"

#define LIST_LIMIT_DEFAULT 100
#define BODY_MAX           (4 * MIB)
#define CONSOLE_LINE_MAX   1000

static void reply_vm(struct httpd_reply *reply, int status, const struct vm *vm)
{
    httpd_reply_struct(reply, status, &vm_table, vm);
}

/* --- create --------------------------------------------------------------------- */

static int check_key(const char *key, struct err *err)
{
    size_t len = strlen(key);

    if (len == 0 || len >= VM_KEY_SIZE)
        return err_set(err, ERR_INPUT, "Idempotency-Key: 1 to %d characters", VM_KEY_SIZE - 1);
    for (size_t i = 0; i < len; i++)
        if (key[i] <= ' ' || key[i] > '~')
            return err_set(err, ERR_INPUT, "Idempotency-Key: printable ASCII without blanks only");
    return 0;
}

/* Two spellings of one document are the same request. */
static int digest_body(const struct json *body, char out[static 2 * SHA256_SIZE + 1],
                       struct err *err)
{
    OWNED_BUF text = BUF_OF(BODY_MAX);
    uint8_t digest[SHA256_SIZE];

    if (json_canonical(body, &text, err) < 0)
        return -1;
    digest_of(DIGEST_SHA256, buf_span(&text), digest);
    text_hex(digest, SHA256_SIZE, out);
    return 0;
}

int api_create_vm(void *arg, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = arg;
    const struct fleet_caller caller = app_caller(rq);
    const char *key = httpd_header(rq, "Idempotency-Key");
    OWNED_VM_SPEC spec = VM_SPEC_DEFAULTS;
    OWNED_VM vm = {0};
    OWNED(free_str) char *location = NULL;
    char digest[2 * SHA256_SIZE + 1];
    struct fleet_order order = {.spec = &spec, .idempotency_key = "", .body_sha256 = digest};
    bool replayed = false;

    if (key != NULL && check_key(key, err) < 0)
        return -1;
    if (key != NULL)
        order.idempotency_key = key;
    if (json_decode(httpd_json(rq), &vm_spec_table, &spec, err) < 0 ||
        digest_body(httpd_json(rq), digest, err) < 0 ||
        fleet_create(app->fleet, &caller, &order, &vm, &replayed, err) < 0)
        return -1;
    location = mem_printf("/v1/vms/%s", vm.id);
    httpd_reply_header(reply, "Location", location);
    if (replayed)
        httpd_reply_header(reply, "Idempotency-Replayed", "true");
    reply_vm(reply, 201, &vm);
    return 0;
}

/* --- list, show, remove ----------------------------------------------------------- */

static int read_query(const struct httpd_request *rq, struct fleet_query *ret, struct err *err)
{
    const char *state = httpd_query(rq, "state"), *limit = httpd_query(rq, "limit");
    uint64_t number = LIST_LIMIT_DEFAULT;

    *ret = (struct fleet_query){.state = -1, .cursor = httpd_query(rq, "cursor")};
    if (limit != NULL && (text_parse_u64(limit, FLEET_LIMIT_MAX, &number, err) < 0 || number == 0))
        return err_set(err, ERR_INPUT, "limit: expected 1 to %d", FLEET_LIMIT_MAX);
    ret->limit = (unsigned)number;
    if (state == NULL)
        return 0;
    for (int i = 0; api_vm_state_names[i] != NULL; i++)
        if (strcmp(api_vm_state_names[i], state) == 0)
            ret->state = i;
    return ret->state >= 0 ? 0 : err_set(err, ERR_INPUT, "state: '%.40s' is none", state);
}

static void release_list(struct vm_list *list)
{
    fleet_list_release(list);
}

int api_list_vms(void *arg, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = arg;
    const struct fleet_caller caller = app_caller(rq);
    __attribute__((cleanup(release_list))) struct vm_list list = {.next = NULL};
    struct fleet_query query;

    if (read_query(rq, &query, err) < 0 || fleet_list(app->fleet, &caller, &query, &list, err) < 0)
        return -1;
    httpd_reply_struct(reply, 200, &vm_list_table, &list);
    return 0;
}

int api_get_vm(void *arg, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = arg;
    const struct fleet_caller caller = app_caller(rq);
    OWNED_VM vm = {0};

    if (fleet_get(app->fleet, &caller, httpd_param(rq, "id"), &vm, err) < 0)
        return -1;
    reply_vm(reply, 200, &vm);
    return 0;
}

int api_delete_vm(void *arg, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = arg;
    const struct fleet_caller caller = app_caller(rq);
    OWNED_VM vm = {0};

    if (fleet_remove(app->fleet, &caller, httpd_param(rq, "id"), &vm, err) < 0)
        return -1;
    reply_vm(reply, 202, &vm);
    return 0;
}

/* --- reference values ---------------------------------------------------------------- */

#define CORIM_MEDIA_TYPE "application/corim+cbor"

/* JSON unless a client asks for a CoRIM by its name and nothing else. */
static bool wants_corim(const struct httpd_request *rq)
{
    const char *accept = httpd_header(rq, "Accept");

    return accept != NULL && strcmp(accept, CORIM_MEDIA_TYPE) == 0;
}

int api_get_vm_policy(void *arg, struct httpd_request *rq, struct httpd_reply *reply,
                      struct err *err)
{
    const struct corim_period always = {INT64_MIN, INT64_MAX};
    struct app *app = arg;
    const struct fleet_caller caller = app_caller(rq);
    OWNED_JSON *policy = NULL;
    OWNED_BUF corim = BUF_OF(CORIM_MAX);

    if (fleet_policy(app->fleet, &caller, httpd_param(rq, "id"), &policy, err) < 0)
        return -1;
    if (!wants_corim(rq)) {
        httpd_reply_json(reply, 200, GIVE(policy));
        return 0;
    }
    if (corim_from_policy(policy, always, &corim, err) < 0)
        return -1;
    httpd_reply_bytes(reply, 200, CORIM_MEDIA_TYPE, &corim);
    return 0;
}

/* --- the manager's own check --------------------------------------------------------- */

int api_get_vm_attestation(void *arg, struct httpd_request *rq, struct httpd_reply *reply,
                           struct err *err)
{
    struct app *app = arg;
    const struct fleet_caller caller = app_caller(rq);
    struct json *attestation = NULL;

    if (fleet_attestation(app->fleet, &caller, httpd_param(rq, "id"), &attestation, err) < 0)
        return -1;
    httpd_reply_json(reply, 200, attestation);
    return 0;
}

/* --- figures and console ------------------------------------------------------------ */

static struct json *pair(const char *first, uint64_t a, const char *second, uint64_t b)
{
    struct json *json = json_new_object();

    json_set_int(json, first, (int64_t)a);
    json_set_int(json, second, (int64_t)b);
    return json;
}

int api_get_vm_metrics(void *arg, struct httpd_request *rq, struct httpd_reply *reply,
                       struct err *err)
{
    struct app *app = arg;
    const struct fleet_caller caller = app_caller(rq);
    struct json *json = NULL, *memory = NULL;
    struct vm_stats stats;

    if (fleet_measure(app->fleet, &caller, httpd_param(rq, "id"), &stats, err) < 0)
        return -1;
    json = json_new_object();
    json_set_bool(json, "on", stats.on);
    json_set(json, "cpu", pair("count", stats.cpus, "time_ns", stats.cpu_time_ns));
    memory = json_new_object();
    json_set_int(memory, "configured_bytes", (int64_t)stats.memory_bytes);
    json_set(memory, "resident_bytes",
             stats.has_resident ? json_new_int((int64_t)stats.resident_bytes) : NULL);
    json_set(json, "memory", memory);
    json_set(json, "block",
             stats.has_block ? pair("read_bytes", stats.block_read_bytes, "written_bytes",
                                    stats.block_written_bytes)
                             : NULL);
    json_set(json, "net",
             stats.has_net ? pair("received_bytes", stats.net_received_bytes, "sent_bytes",
                                  stats.net_sent_bytes)
                           : NULL);
    httpd_reply_json(reply, 200, json);
    return 0;
}

/* Whatever a guest prints, it does not steer the terminal of who reads it. */
static void add_lines(struct buf *out, struct span text)
{
    size_t at = 0;

    while (at < text.len) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end ? (size_t)(end - text.data) - at : text.len - at;
        size_t shown = len > 0 && text.data[at + len - 1] == '\r' ? len - 1 : len;

        text_add_printable(out, span_of(text.data + at, shown), CONSOLE_LINE_MAX);
        buf_add_str(out, "\n");
        at += len + 1;
    }
}

int api_get_vm_console(void *arg, struct httpd_request *rq, struct httpd_reply *reply,
                       struct err *err)
{
    struct app *app = arg;
    const struct fleet_caller caller = app_caller(rq);
    OWNED_BUF raw = BUF_OF(1 * MIB);
    OWNED_BUF text = BUF_OF(4 * MIB);

    if (fleet_console(app->fleet, &caller, httpd_param(rq, "id"), &raw, err) < 0)
        return -1;
    add_lines(&text, buf_span(&raw));
    httpd_reply_bytes(reply, 200, "text/plain; charset=utf-8", &text);
    return 0;
}
