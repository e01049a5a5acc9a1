/* Packing the results: into the store as they are, sealed for those who want it so, or both. */
#include "services/agent-api/engine/engine_parts.h"

#include "lib/archive/zip.h"
#include "lib/computation/sealing.h"
#include "services/agent-api/runner/power.h"

#include <poll.h>
#include <sys/stat.h>

#define RESULT_FILES_MAX 1000000
#define RESULT_BYTES_MAX (16384 * GIB)

struct packing {
    struct engine *engine;
    struct digest *sha256; /* of the archive, stored or not */
    uint64_t bytes;
    struct incoming *plain;  /* NULL when everybody gets it sealed */
    struct incoming *sealed; /* NULL when nobody does */
    struct sealer *sealer;
};

static void packing_done(struct packing *packing)
{
    digest_free(packing->sha256);
    incoming_free(packing->plain);
    incoming_free(packing->sealed);
    sealer_free(packing->sealer);
}
#define OWNED_PACKING __attribute__((cleanup(packing_done))) struct packing

static int add_sealed(void *to, struct span bytes, struct err *err)
{
    return incoming_write(to, bytes, err);
}

static int begin_sealed(struct packing *packing, const struct key *const *keys, size_t count,
                        struct err *err)
{
    struct engine *engine = packing->engine;
    char context[SEALING_CONTEXT_SIZE];
    struct seal_terms terms = {.recipients = keys, .count = count};

    sealing_context(SEALING_RESULT, engine->manifest->sha256, context);
    terms.context = span_of_str(context);
    if (incoming_begin(engine->store, DIGEST_SHA256, UINT64_MAX, &packing->sealed, err) < 0)
        return -1;
    return sealer_new(&terms, add_sealed, packing->sealed, &packing->sealer, err);
}

static int begin(struct packing *packing, struct err *err)
{
    struct engine *engine = packing->engine;
    const struct key *keys[MANIFEST_CONSUMERS_MAX];
    size_t count = sealing_consumers(engine->manifest, keys);

    packing->sha256 = digest_new(DIGEST_SHA256);
    if (count < engine->manifest->result_consumers.count &&
        incoming_begin(engine->store, DIGEST_SHA256, UINT64_MAX, &packing->plain, err) < 0)
        return -1;
    return count > 0 ? begin_sealed(packing, keys, count, err) : 0;
}

static int pack_block(void *to, struct span bytes, struct err *err)
{
    struct packing *packing = to;
    struct pollfd stop = {.fd = packing->engine->stop_fd, .events = POLLIN};

    if (poll(&stop, 1, 0) > 0)
        return err_set(err, ERR_INTERRUPTED, "the computation was ended");
    packing->bytes += bytes.len;
    if (packing->plain == NULL)
        digest_add(packing->sha256, bytes);
    else if (incoming_write(packing->plain, bytes, err) < 0)
        return -1;
    return packing->sealer != NULL ? sealer_write(packing->sealer, bytes, err) : 0;
}

static int keep(struct packing *packing, struct err *err)
{
    struct engine_archive *archive = &packing->engine->archive;

    archive->bytes = packing->bytes;
    if (packing->plain == NULL)
        digest_finish(packing->sha256, archive->sha256);
    else
        incoming_finish(packing->plain, archive->sha256, &archive->bytes);
    if (packing->plain != NULL && incoming_keep(packing->plain, STORE_RESULT, NULL, err) < 0)
        return -1;
    if (packing->sealed == NULL)
        return 0;
    if (sealer_finish(packing->sealer, err) < 0)
        return -1;
    archive->is_sealed = true;
    incoming_finish(packing->sealed, archive->sealed_sha256, &archive->sealed_bytes);
    return incoming_keep(packing->sealed, STORE_SEALED_RESULT, NULL, err);
}

int engine_pack(struct engine *engine, int results_fd, struct err *err)
{
    static const struct zip_limits limits = {RESULT_FILES_MAX, RESULT_BYTES_MAX};
    OWNED_PACKING packing = {.engine = engine};
    int result;

    if (begin(&packing, err) < 0)
        return -1;
    power_open_as(engine->outside_uid); /* the files are the algorithm's, of whatever mode */
    (void)!fchmod(results_fd, 0700);
    result = zip_pack(results_fd, ZIP_FREE_AS_PACKED, &limits, pack_block, &packing, err);
    power_open_as(0);
    return result == 0 ? keep(&packing, err) : -1;
}
