#include "services/manager-api/fleet/judge.h"

#include "lib/attest/reference/pcr_run.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "services/manager-api/fleet/policy.h"
#include "services/manager-api/link/verifier.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVIDENCE_MAX   (2 * MIB)
#define SHARE_FILE_MAX (4 * MIB)
#define ANY_NUMBER     1000000 /* the most that a policy can allow */

static int read_json(const char *dir, const char *name, struct json **ret, struct err *err)
{
    OWNED(close_fd) int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    OWNED_BUF text = BUF_OF(SHARE_FILE_MAX);

    if (dir_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open '%s'", dir);
    if (file_read_at(dir_fd, name, &text, err) < 0)
        return -1;
    return json_parse(buf_span(&text), ret, err);
}

static int demand_manifest(const struct judgement *judgement, struct json *policy, struct err *err)
{
    OWNED_JSON *manifest = NULL;
    OWNED_BUF text = BUF_OF(2 * SHARE_FILE_MAX);
    uint8_t digest[SHA256_SIZE];

    if (read_json(judgement->paths.in, "manifest.json", &manifest, err) < 0)
        return err->kind == ERR_NOT_FOUND ? 0 : -1;
    if (json_canonical(manifest, &text, err) < 0)
        return -1;
    digest_of(DIGEST_SHA256, buf_span(&text), digest);
    json_set_hex(policy, "manifest_sha256", SPAN_OF_ARRAY(digest));
    return 0;
}

/* What we told the guest is demanded of it, too. That it got our manifest is settled once it has
 * proven so; which ones its parties gave it afterwards is between them and it. */
static int demand_share(const struct judgement *judgement, struct json *policy, struct err *err)
{
    OWNED_JSON *config = NULL;
    uint8_t digest[SHA256_SIZE];

    if (read_json(judgement->paths.in, "config.json", &config, err) < 0 ||
        pcr_run_config_digest(config, digest, err) < 0)
        return -1;
    json_set_hex(policy, "config_sha256", SPAN_OF_ARRAY(digest));
    if (!judgement->proven)
        return demand_manifest(judgement, policy, err);
    json_set_int(policy, "max_manifests", ANY_NUMBER);
    return 0;
}

/* The guest may change its files while we look: what is judged is a copy. */
static int copy_evidence(struct judgement *judgement, struct buf *out, struct err *err)
{
    OWNED(close_fd)
    int dir_fd = open(judgement->paths.out, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    OWNED(close_fd) int fd = -1;
    struct stat info;

    if (dir_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open '%s'", judgement->paths.out);
    if (file_open_at(dir_fd, JUDGE_EVIDENCE, &fd, err) < 0)
        return -1;
    if (fstat(fd, &info) < 0)
        return err_set_errno(err, ERR_SYSTEM, JUDGE_EVIDENCE);
    judgement->evidence = watch_mark_of(&info);
    if (file_read_fd(fd, out, err) < 0)
        return err_wrap(err, JUDGE_EVIDENCE);
    return 0;
}

static int write_policy(const struct judgement *judgement, struct buf *out, struct err *err)
{
    OWNED_JSON *policy = NULL;

    if (policy_find_own(&judgement->paths, &policy, err) < 0 ||
        demand_share(judgement, policy, err) < 0)
        return -1;
    json_write(policy, out);
    return buf_check(out, "the policy", err);
}

static int ask(struct judgement *judgement, bool *ret_accepted, struct err *err)
{
    OWNED_BUF evidence = BUF_OF(EVIDENCE_MAX), policy = BUF_OF(SHARE_FILE_MAX);
    struct verifier_question question = {.program = judgement->verifier};
    char nonce[2 * VM_NONCE_SIZE + 1];

    if (copy_evidence(judgement, &evidence, err) < 0 || write_policy(judgement, &policy, err) < 0)
        return -1;
    text_hex(judgement->nonce, VM_NONCE_SIZE, nonce);
    question.evidence = buf_span(&evidence);
    question.policy = buf_span(&policy);
    question.nonce = nonce;
    return verifier_ask(&question, &judgement->verdict, ret_accepted, err);
}

/* The key that accepted evidence names, as a pin; false when it names none. */
static bool find_key(const struct judgement *judgement, struct buf *pin)
{
    const struct json *transcript = json_get(json_get(judgement->verdict, "claims"), "transcript");
    const char *server = json_get_str(transcript, "server");
    OWNED_BUF digest = BUF_OF(SHA256_SIZE);
    struct err unused;

    if (server == NULL || text_decode_hex(span_of_str(server), &digest, &unused) < 0 ||
        digest.len != SHA256_SIZE)
        return false;
    buf_add_str(pin, "sha256//");
    text_encode_base64(buf_span(&digest), pin);
    return true;
}

/* The key that we tell clients is the one that the evidence names. */
static void compare_key(struct judgement *judgement)
{
    OWNED_BUF pin = BUF_OF(SHARE_PIN_SIZE);
    bool named = find_key(judgement, &pin);

    if (named && strcmp(buf_str(&pin), judgement->pin) == 0) {
        judgement->result = JUDGED_ACCEPTED;
        return;
    }
    judgement->result = named ? JUDGED_OTHER_KEY : JUDGED_REJECTED;
    snprintf(judgement->reason, sizeof(judgement->reason),
             "the guest says that its key is %s, and its evidence names %s", judgement->pin,
             named ? buf_str(&pin) : "none");
}

/* The first finding, in one line. */
static void find_reason(struct judgement *judgement)
{
    const struct json *findings = json_get(judgement->verdict, "findings");

    snprintf(judgement->reason, sizeof(judgement->reason),
             "the evidence of its boot is not accepted");
    for (size_t i = 0; i < json_count(findings); i++) {
        const struct json *finding = json_at(findings, i);
        const char *severity = json_get_str(finding, "severity");
        const char *expected = json_get_str(finding, "expected");
        const char *got = json_get_str(finding, "got");

        if (severity == NULL || strcmp(severity, "error") != 0)
            continue;
        snprintf(judgement->reason, sizeof(judgement->reason),
                 "%s%s%s%s: %s; expected %.200s, got %.200s",
                 judgement->failure[0] ? "the agent could not use the " : "", judgement->failure,
                 judgement->failure[0] ? " that it was given; " : "", json_get_str(finding, "id"),
                 json_get_str(finding, "what"), expected ? expected : "-", got ? got : "-");
        return;
    }
}

void judge(struct judgement *judgement)
{
    bool accepted = false;
    struct err err;

    if (ask(judgement, &accepted, &err) < 0) {
        bool ours = err.kind == ERR_SYSTEM || err.kind == ERR_TIMEOUT || err.kind == ERR_NO_SPACE ||
                    err.kind == ERR_TOO_MANY;

        judgement->result = ours ? JUDGED_NOT : JUDGED_REJECTED;
        snprintf(judgement->reason, sizeof(judgement->reason), "%.400s", err.text);
    } else if (accepted) {
        compare_key(judgement);
    } else {
        judgement->result = JUDGED_REJECTED;
        find_reason(judgement);
    }
}
