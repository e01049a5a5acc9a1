/* The computation: one object that knows the manifest, what has arrived, how the run goes and who
 * has fetched the result, and that moves through the states of lib/computation/state.h.
 *
 * Whoever calls has proven who he is and holds a manifest (engine_keep_manifest()); each operation
 * is for the computation of that manifest and fails with ERR_STATE when it is no longer the present
 * one. Roles were checked against the same manifest by the caller.
 *
 * All functions are thread-safe. What happens is told to the observer, in order, outside of every
 * lock of the engine. */
#ifndef COCOS_AGENT_ENGINE_ENGINE_H
#define COCOS_AGENT_ENGINE_ENGINE_H

#include "lib/attest/receipt.h"
#include "lib/base/buf.h"
#include "lib/computation/asset.h"
#include "lib/computation/failure.h"
#include "lib/computation/manifest.h"
#include "lib/computation/state.h"

struct engine;

#define ENGINE_EVIDENCE_MAX (16 * MIB)

/* What happened, with the computation's id ("" without one). Takes ownership of data. */
typedef void engine_observer(void *ctx, const char *type, const char *subject, struct json *data);

/* Measures a manifest that is about to be set; the engine acts on it only when this went well. */
typedef int engine_measure(void *ctx, const struct manifest *manifest, struct err *err);

/* Completes a receipt with what the engine does not know, the keys and the evidence about it, and
 * signs it. evidence gets the bundle; nothing where the machine has none. */
typedef int engine_witness(void *ctx, struct receipt *receipt, struct buf *evidence,
                           struct err *err);

struct engine_config {
    const char *state_dir; /* see store.h */
    uint64_t memory_mib;   /* of this machine: no run may ask for more; 0: nobody knows */
    engine_observer *observe;
    engine_measure *measure; /* NULL: nothing is */
    void *ctx;
    engine_witness *witness; /* NULL: there are no receipts */
    uint32_t outside_uid;    /* of algorithms; see struct run_job */
};

/* Opens the state directory and begins, in ReceivingManifest. Errors: STATE, SYSTEM. */
MUST_USE int engine_start(const struct engine_config *config, struct engine **ret, struct err *err);

/* Kills a run, removes everything and frees. Nobody may use the engine any more. */
void engine_stop(struct engine *engine);

/* Gives up the directory: another process is to have it. Only where nothing is kept in it: before a
 * manifest, or after a wipe. */
void engine_leave(struct engine *engine);

/* The present manifest, one reference of which is the caller's; NULL when none is set. */
struct manifest *engine_keep_manifest(struct engine *engine);

/* The present state, and it as the members {state, computation_id, manifest_sha256, awaiting,
 * sandbox, failure?} of GET /v1/state. */
enum state engine_state(struct engine *engine);
struct json *engine_encode_state(struct engine *engine);

/* Whether this machine can do what the manifest asks for. Errors: INPUT with the member. */
MUST_USE int engine_check_manifest(const struct engine *engine, const struct manifest *manifest,
                                   struct err *err);

/* Sets the manifest; the engine keeps a reference of its own. Errors: STATE, those of
 * engine_check_manifest(), what measuring it says. */
MUST_USE int engine_set_manifest(struct engine *engine, struct manifest *manifest, struct err *err);

/* Returns when the observer has been told of everything that happened before. */
void engine_tell(struct engine *engine);

/* Moves to Failed before anything arrived: what the host gave us cannot be used, or an earlier
 * process for this manifest died. */
void engine_refuse(struct engine *engine, const struct failure *failure);

/* Kills the run if there is one, removes everything, back to ReceivingManifest. Blocks until
 * nothing is left. Errors: STATE, SYSTEM. */
MUST_USE int engine_wipe(struct engine *engine, const struct manifest *agreed, struct err *err);

/* --- what arrives --- */

struct engine_asset {
    enum asset_kind kind;
    const char *name; /* of a dataset */
};

/* Whether the asset may be sent now. Errors: STATE, NOT_FOUND. */
MUST_USE int engine_check_asset(struct engine *engine, const struct manifest *agreed,
                                const struct engine_asset *asset, struct err *err);

struct upload;

/* Begins to receive it; announced is its size (UINT64_MAX: unknown). Nobody else can send the same
 * asset until this is finished or freed. Errors: STATE, NOT_FOUND, NO_SPACE. */
MUST_USE int upload_begin(struct engine *engine, const struct manifest *agreed,
                          const struct engine_asset *asset, uint64_t announced, struct upload **ret,
                          struct err *err);
MUST_USE int upload_write(struct upload *upload, struct span bytes, struct err *err);
/* Checks the pin, puts it in its place and moves on. Errors: INPUT (with both digests; or what is
 * wrong with the archive), STATE, NO_SPACE. */
MUST_USE int upload_finish(struct upload *upload, struct err *err);
/* What has arrived: {asset, name, sha3_256, bytes}. After upload_finish(). */
struct json *upload_encode(const struct upload *upload);
/* After upload_finish(), or instead of it: then nothing of it is left. */
void upload_free(struct upload *upload);
DEFINE_OWNED(upload)

/* --- run and result --- */

/* Starts a run that waits for it. Errors: STATE. */
MUST_USE int engine_run(struct engine *engine, const struct manifest *agreed, struct err *err);

struct engine_result {
    int fd; /* the caller's */
    uint64_t size;
    bool is_sealed;                 /* to this consumer, as the manifest says */
    char etag[2 * SHA256_SIZE + 1]; /* SHA-256 in hex */
};

/* Opens the result as this consumer gets it. Errors: COMPUTATION (it failed, and why), STATE. */
MUST_USE int engine_open_result(struct engine *engine, const struct manifest *agreed,
                                const uint8_t identity[static SHA256_SIZE],
                                struct engine_result *ret, struct err *err);

/* Tells that [from, to) of the result was sent to this consumer. */
void engine_note_sent(struct engine *engine, const struct manifest *agreed,
                      const uint8_t identity[static SHA256_SIZE], uint64_t from, uint64_t to);

/* The receipt of the run that ended, and the evidence that was made for it, appended to ret.
 * Errors: STATE, NOT_FOUND (none could be made), TOO_LARGE. */
MUST_USE int engine_read_receipt(struct engine *engine, const struct manifest *agreed,
                                 struct buf *ret, struct err *err);
MUST_USE int engine_read_evidence(struct engine *engine, const struct manifest *agreed,
                                  struct buf *ret, struct err *err);

/* What the algorithm said so far, as much as the manifest keeps; *ret is for the caller to
 * release. Errors: STATE. */
MUST_USE int engine_read_log(struct engine *engine, const struct manifest *agreed, struct buf *ret,
                             struct err *err);

/* Which control groups bound a run: "v2", "v1" or "none". */
const char *engine_cgroup(const struct engine *engine);

#endif
