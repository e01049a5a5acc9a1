#include "services/manager-api/link/share_state.h"

#include "lib/base/text.h"
#include "lib/crypto/digest.h"
#include "lib/json/table.h"

#include <stdio.h>

#define SEQ_MAX     ((1ULL << 53) - 1)
#define ID_MAX      (SHARE_ID_SIZE - 1)
#define PIN_MAX     (SHARE_PIN_SIZE - 1)
#define PIN_PREFIX  "sha256//"
#define TYPE_MAX    31
#define SUBJECT_MAX (SHARE_ID_SIZE + 15)

/* state.json, as far as it is of interest here. */
struct failure_document {
    char *kind;
};

struct state_document {
    int state;
    char *computation_id;
    struct json_bytes spki_sha256;
    char *pin;
    uint64_t seq;
    struct failure_document failure;
};

static const struct json_field failure_document_fields[] = {
    JSON_FIELD_STR(failure_document, kind, 1, ID_MAX, JSON_REQUIRED),
};
static const struct json_table failure_document_table =
    JSON_TABLE("failure", failure_document, failure_document_fields);

static const struct json_field state_document_fields[] = {
    JSON_FIELD_ENUM(state_document, state, state_names, JSON_REQUIRED),
    JSON_FIELD_STR(state_document, computation_id, 1, ID_MAX, JSON_NULLABLE),
    JSON_FIELD_HEX(state_document, spki_sha256, SHA256_SIZE, JSON_REQUIRED),
    JSON_FIELD_STR(state_document, pin, 1, PIN_MAX, JSON_REQUIRED),
    JSON_FIELD_U64(state_document, seq, 0, SEQ_MAX, JSON_REQUIRED),
    JSON_FIELD_OBJECT(state_document, failure, &failure_document_table, JSON_NULLABLE),
};
static const struct json_table state_document_table =
    JSON_TABLE("agent state", state_document, state_document_fields);

/* A line of events.ndjson. */
struct event_document {
    uint64_t id;
    int64_t time;
    char *type;
    char *subject;
    struct json *data;
};

static const struct json_field event_document_fields[] = {
    JSON_FIELD_U64(event_document, id, 1, SEQ_MAX, JSON_REQUIRED),
    JSON_FIELD_TIME(event_document, time, JSON_REQUIRED),
    JSON_FIELD_STR(event_document, type, 1, TYPE_MAX, JSON_REQUIRED),
    JSON_FIELD_STR(event_document, subject, 0, SUBJECT_MAX, JSON_NULLABLE),
    JSON_FIELD_ANY(event_document, data, JSON_NULLABLE),
};
static const struct json_table event_document_table =
    JSON_TABLE("agent event", event_document, event_document_fields);

/* What an agent may report. Anything else it says stays between it and its clients. */
static const char *const event_types[] = {"state",   "manifest", "algorithm", "requirements",
                                          "dataset", "run",      "result",    "failure",
                                          "stopped", "fetched"};

static void release_state(struct state_document *document)
{
    json_release(&state_document_table, document);
}

static void release_event(struct event_document *document)
{
    json_release(&event_document_table, document);
}

static int decode_part(struct span text, const struct json_table *table, void *out, struct err *err)
{
    OWNED_JSON *whole = NULL;
    OWNED_JSON *part = NULL;

    if (json_parse(text, &whole, err) < 0)
        return -1;
    if (json_kind_of(whole) != JSON_KIND_OBJECT)
        return err_set(err, ERR_INPUT, "%s: is no object", table->what);
    part = json_pick(whole, table);
    return json_decode(part, table, out, err);
}

static int check_pin(const struct state_document *document, struct err *err)
{
    OWNED_BUF pin = BUF_OF(SHARE_PIN_SIZE);

    buf_add_str(&pin, PIN_PREFIX);
    text_encode_base64(span_of(document->spki_sha256.data, SHA256_SIZE), &pin);
    if (strcmp(buf_str(&pin), document->pin) != 0)
        return err_set_at(err, ERR_INPUT, "/pin",
                          "agent state: the pin is not that of spki_sha256");
    return 0;
}

int share_state_decode(struct span text, struct share_state *ret, struct err *err)
{
    __attribute__((cleanup(release_state))) struct state_document document = {0};
    struct share_state state = {0};

    if (decode_part(text, &state_document_table, &document, err) < 0 ||
        check_pin(&document, err) < 0)
        return -1;
    state.state = (enum state)document.state;
    state.seq = document.seq;
    snprintf(state.pin, sizeof(state.pin), "%s", document.pin);
    if (document.computation_id != NULL)
        snprintf(state.computation_id, sizeof(state.computation_id), "%s", document.computation_id);
    if (document.failure.kind != NULL)
        snprintf(state.failure, sizeof(state.failure), "%s", document.failure.kind);
    *ret = state;
    return 0;
}

int share_event_decode(struct span line, struct share_event *ret, struct err *err)
{
    __attribute__((cleanup(release_event))) struct event_document document = {0};
    struct share_event event = {0};
    bool known = false;

    if (line.len > SHARE_EVENT_LINE_MAX)
        return err_set(err, ERR_TOO_LARGE, "agent event: %zu bytes", line.len);
    if (decode_part(line, &event_document_table, &document, err) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(event_types); i++)
        known = known || strcmp(event_types[i], document.type) == 0;
    if (!known)
        return err_set_at(err, ERR_INPUT, "/type", "agent event: '%s' is not known", document.type);
    if (document.data != NULL && json_kind_of(document.data) != JSON_KIND_OBJECT)
        return err_set_at(err, ERR_INPUT, "/data", "agent event: the data are no object");

    event.id = document.id;
    snprintf(event.type, sizeof(event.type), "%s", document.type);
    snprintf(event.subject, sizeof(event.subject), "%s",
             document.subject != NULL ? document.subject : "");
    event.data = GIVE(document.data);
    *ret = event;
    return 0;
}

void share_event_release(struct share_event *event)
{
    json_free(GIVE(event->data));
}
