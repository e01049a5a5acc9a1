/* What processes say, and what the keeper answers. */
#include "services/agent-api/keeper/keeper_parts.h"

#include "lib/computation/manifest.h"
#include "lib/attest/evidence/ima_log.h"
#include "lib/program/log.h"
#include "services/agent-api/attester/logs.h"

#include <signal.h>

/* Who does not keep to the pact is not ours any more, and ends. */
static void expel(struct post *post, const struct err *err)
{
    log_error("process %d does not keep to what was agreed: %s", (int)post->pid, err->text);
    if (post->pid > 0) {
        kill(post->pid, SIGKILL);
        ward_kill(&post->ward);
    }
    close_fd(&post->socket);
}

/* Whoever asks reads the answer before he asks again: there is room for one, or he is no worker. */
static void send_answer(struct post *post, const struct pact_answer *answer, int fd)
{
    struct err err;

    if (post->socket < 0 ||
        pact_send(post->socket, answer, sizeof(*answer), span_of(NULL, 0), fd, &err) == 0)
        return;
    if (err.kind != ERR_UNAVAILABLE) /* that one has ended */
        expel(post, &err);
}

void keeper_answer(struct post *post, const struct err *failure, int fd)
{
    struct pact_answer reply = {.credential_len = 0};

    if (failure != NULL)
        pact_keep_failure(failure, &reply.failure);
    send_answer(post, &reply, fd);
}

static void answer_text(struct post *post, const struct buf *text)
{
    OWNED(close_fd) int fd = -1;
    struct err err;

    if (pact_make_file(buf_span(text), &fd, &err) < 0)
        keeper_answer(post, &err, -1);
    else
        keeper_answer(post, NULL, fd);
}

static int check_present(const struct keeper *keeper, const struct post *post, struct err *err)
{
    if (post == keeper->present)
        return 0;
    return err_set(err, ERR_STATE, "another process serves now: connect again");
}

/* --- evidence -------------------------------------------------------------------------------- */

static enum transcript_kind kind_of(const struct pact_ask *ask)
{
    if (ask->legacy)
        return TRANSCRIPT_LEGACY;
    return ask->boot ? TRANSCRIPT_BOOT : TRANSCRIPT_CHANNEL;
}

/* Whatever a process says, the key in the transcript is its own. */
static struct desk_question question_of(const struct keeper *keeper, const struct post *post,
                                        const struct pact_ask *ask)
{
    struct desk_question question = {
        .transcript.kind = kind_of(ask),
        .types = ask->types,
        .chain = buf_span(&post->chain),
        .root = layers_root(keeper->layers),
    };

    transcript_set(&question.transcript, TRANSCRIPT_NONCE, ask->nonce);
    transcript_set(&question.transcript, TRANSCRIPT_SERVER, post->spki_sha256);
    if (ask->channel)
        transcript_set(&question.transcript, TRANSCRIPT_EXPORTER, ask->exporter);
    if (ask->client)
        transcript_set(&question.transcript, TRANSCRIPT_CLIENT, ask->client_spki);
    return question;
}

/* The machine shows a manifest that was handed over, and the process for it is not there yet: no
 * other may have evidence that names it. */
static int check_may_ask(const struct keeper *keeper, const struct post *post, struct err *err)
{
    if (check_present(keeper, post, err) < 0)
        return -1;
    if (keeper->has_next)
        return err_set(err, ERR_STATE, "a manifest was set, and its process begins: connect again");
    return 0;
}

static void hear_ask(struct keeper *keeper, struct post *post, const struct pact_record *record)
{
    struct desk_question question = question_of(keeper, post, &record->ask);
    OWNED_BUF text = BUF_OF(DESK_ANSWER_MAX);
    struct err err;

    if (check_may_ask(keeper, post, &err) < 0 || desk_ask(keeper->desk, &question, &text, &err) < 0)
        keeper_answer(post, &err, -1);
    else
        answer_text(post, &text);
}

static void hear_activate(struct keeper *keeper, struct post *post,
                          const struct pact_record *record)
{
    const struct pact_challenge *challenge = &record->challenge;
    OWNED_BUF credential = {.max = PACT_CREDENTIAL_MAX, .secret = true};
    struct pact_answer reply = {.credential_len = 0};
    struct err err;

    if (check_present(keeper, post, &err) < 0 ||
        desk_activate(keeper->desk, span_of(challenge->blob, challenge->blob_len),
                      span_of(challenge->encrypted, challenge->encrypted_len), &credential,
                      &err) < 0) {
        keeper_answer(post, &err, -1);
        return;
    }
    reply.credential_len = (uint32_t)credential.len;
    memcpy(reply.credential, credential.data, credential.len);
    send_answer(post, &reply, -1);
    mem_wipe(&reply, sizeof(reply));
}

static void add_register(const struct pcr_bank *bank, struct pact_answer *reply)
{
    struct span value = pcr_bank_get(bank, IMA_PCR);

    if (!pcr_bank_has(bank, IMA_PCR))
        return;
    memcpy(reply->credential + reply->credential_len, value.data, value.len);
    reply->credential_len += (uint32_t)value.len;
}

static void hear_ima(struct keeper *keeper, struct post *post)
{
    OWNED_BUF list = BUF_OF(LOGS_IMA_MAX);
    struct pact_answer reply = {.credential_len = 0};
    OWNED(close_fd) int fd = -1;
    struct desk_ima registers;
    struct err err;

    if (check_present(keeper, post, &err) < 0 ||
        desk_read_ima(keeper->desk, &list, &registers, &err) < 0 ||
        (list.len > 0 && pact_make_file(buf_span(&list), &fd, &err) < 0)) {
        keeper_answer(post, &err, -1);
        return;
    }
    add_register(&registers.sha256, &reply);
    add_register(&registers.sha1, &reply);
    send_answer(post, &reply, fd);
}

/* --- manifests and leaving ------------------------------------------------------------------- */

/* The present process may pass on, and there is somebody to pass on to. */
static int check_may_pass(const struct keeper *keeper, const struct post *post, struct err *err)
{
    if (check_present(keeper, post, err) < 0)
        return -1;
    if (keeper->ending)
        return err_set(err, ERR_UNAVAILABLE, "the agent is ending");
    return 0;
}

static int check_may_offer(const struct keeper *keeper, const struct post *post, struct err *err)
{
    if (check_may_pass(keeper, post, err) < 0)
        return -1;
    if (post->task.set || keeper->has_next)
        return err_set(err, ERR_STATE, "a manifest is set already");
    if (post->task.failure.kind != FAILURE_NONE)
        return err_set(err, ERR_STATE, "what failed has to be wiped before a manifest can be set");
    return 0;
}

/* The text is in the form that is hashed (RFC 8785), so that nothing has to be parsed here. */
static int read_offer(const struct pact_record *record, int fd, struct buf *out, struct err *err)
{
    uint8_t digest[SHA256_SIZE];

    if (pact_read_file(fd, out, err) < 0)
        return -1;
    digest_of(DIGEST_SHA256, buf_span(out), digest);
    if (!span_equal(SPAN_OF_ARRAY(digest), SPAN_OF_ARRAY(record->manifest_sha256)))
        return err_set(err, ERR_INPUT, "the manifest has another digest than it came with");
    return 0;
}

static int take_manifest(struct keeper *keeper, const struct post *post,
                         const struct pact_record *record, int fd, struct err *err)
{
    OWNED_BUF text = BUF_OF(MANIFEST_SIZE_MAX);

    if (check_may_offer(keeper, post, err) < 0 || read_offer(record, fd, &text, err) < 0)
        return -1;
    if (desk_measure_manifest(keeper->desk, record->manifest_sha256, err) < 0)
        return -1;
    keeper->next = (struct task){.manifest = text, .set = true};
    text = BUF_OF(0);
    memcpy(keeper->next.manifest_sha256, record->manifest_sha256, SHA256_SIZE);
    keeper->has_next = true;
    return 0;
}

static void hear_manifest(struct keeper *keeper, struct post *post,
                          const struct pact_record *record, int fd)
{
    struct err err;

    if (take_manifest(keeper, post, record, fd, &err) < 0)
        keeper_answer(post, &err, -1);
    else
        keeper_answer(post, NULL, -1);
}

static void hear_leave(struct keeper *keeper, struct post *post)
{
    struct err err;

    if (check_may_pass(keeper, post, &err) < 0)
        keeper_answer(post, &err, -1);
    else
        keeper_relieve(keeper);
}

static void hear_state_of(const struct keeper *keeper, struct post *post)
{
    struct err err;

    if (keeper->present != NULL && keeper->present->state.len > 0) {
        answer_text(post, &keeper->present->state);
        return;
    }
    (void)!err_set(&err, ERR_UNAVAILABLE, "no process serves at this moment: ask again");
    keeper_answer(post, &err, -1);
}

/* --- what it tells --------------------------------------------------------------------------- */

static void hear_state(struct keeper *keeper, struct post *post, struct span text)
{
    buf_reset(&post->state);
    buf_add_span(&post->state, text);
    if (post == keeper->present && post->serves)
        outbox_set_state(keeper->outbox, text, post->pin);
}

static void hear_event(struct keeper *keeper, const struct post *post, struct span text)
{
    if (post != keeper->present)
        return;
    keeper->last_event++;
    outbox_add_event(keeper->outbox, text);
}

static void hear_ready(struct keeper *keeper, struct post *post)
{
    if (post != keeper->present || post->serves)
        return;
    post->serves = true;
    keeper_serves(keeper);
}

static void obey(struct keeper *keeper, struct post *post, const struct pact_record *record,
                 struct span text, int fd)
{
    switch ((enum pact_kind)record->kind) {
    case PACT_READY: hear_ready(keeper, post); break;
    case PACT_BROKEN:
        post->told_broken = true;
        post->broken = record->failure;
        break;
    case PACT_STATE: hear_state(keeper, post, text); break;
    case PACT_EVENT: hear_event(keeper, post, text); break;
    case PACT_ASK: hear_ask(keeper, post, record); break;
    case PACT_ACTIVATE: hear_activate(keeper, post, record); break;
    case PACT_MANIFEST: hear_manifest(keeper, post, record, fd); break;
    case PACT_LEAVE: hear_leave(keeper, post); break;
    case PACT_IMA: hear_ima(keeper, post); break;
    case PACT_STATE_OF: hear_state_of(keeper, post); break;
    case PACT_KIND_COUNT: break;
    }
}

void keeper_hear(struct keeper *keeper, struct post *post)
{
    OWNED_BUF message = BUF_OF(PACT_MESSAGE_MAX);
    uint8_t *room = buf_grow(&message, PACT_MESSAGE_MAX);
    struct pact_record record;
    OWNED(close_fd) int fd = -1;
    struct span text;
    struct err err;
    size_t len;

    if (pact_receive(post->socket, room, PACT_MESSAGE_MAX, &len, &fd, &err) < 0 ||
        (len > 0 && pact_parse(span_of(room, len), fd >= 0, &record, &text, &err) < 0)) {
        expel(post, &err);
        return;
    }
    if (len == 0)
        close_fd(&post->socket); /* it ends; SIGCHLD says the rest */
    else
        obey(keeper, post, &record, text, fd);
}
