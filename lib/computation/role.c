#include "lib/computation/role.h"

#define ROLE_ANY                                                                                   \
    (ROLE_OWNER | ROLE_ALGORITHM_PROVIDER | ROLE_DATA_PROVIDER | ROLE_DATASET_PROVIDER |           \
     ROLE_CONSUMER | ROLE_LOG_READER)

static const struct {
    unsigned roles;
    const char *whose; /* completes "this is for ..." */
    const char *what;
} deeds[DEED_COUNT] = {
    [DEED_SET_COMPUTATION] = {ROLE_OWNER, "its owner", "set the computation"},
    [DEED_READ_COMPUTATION] = {ROLE_ANY, "its participants", "read the computation"},
    [DEED_END_COMPUTATION] = {ROLE_OWNER, "its owner", "end the computation"},
    [DEED_SEND_ALGORITHM] = {ROLE_ALGORITHM_PROVIDER, "its provider", "send the algorithm"},
    [DEED_SEND_DATASET] = {ROLE_DATASET_PROVIDER, "its provider", "send this dataset"},
    [DEED_START_RUN] = {ROLE_OWNER | ROLE_ALGORITHM_PROVIDER,
                        "the owner and the algorithm's provider", "start the run"},
    [DEED_FETCH_RESULT] = {ROLE_CONSUMER, "the result's consumers", "fetch the result"},
    [DEED_READ_RECEIPT] = {ROLE_ANY, "its participants", "read the receipt"},
    [DEED_READ_LOGS] = {ROLE_LOG_READER, "those that logs.to names", "read the logs"},
    [DEED_READ_EVENTS] = {ROLE_ANY, "the computation's participants", "read the events"},
};

static unsigned roles_by_data(const struct manifest *manifest, const uint8_t *identity,
                              const char *filename)
{
    unsigned roles = 0;

    for (size_t i = 0; i < manifest->datasets.count; i++) {
        const struct manifest_dataset *dataset = manifest_dataset(manifest, i);

        if (!manifest_party_is(&dataset->provider, identity))
            continue;
        roles |= ROLE_DATA_PROVIDER;
        if (filename != NULL && strcmp(dataset->filename, filename) == 0)
            roles |= ROLE_DATASET_PROVIDER;
    }
    return roles;
}

unsigned role_of(const struct manifest *manifest, const uint8_t identity[static SHA256_SIZE],
                 const char *filename)
{
    unsigned roles = roles_by_data(manifest, identity, filename);

    if (manifest_party_is(&manifest->owner, identity))
        roles |= ROLE_OWNER;
    if (manifest_party_is(&manifest->algorithm.provider, identity))
        roles |= ROLE_ALGORITHM_PROVIDER;
    for (size_t i = 0; i < manifest->result_consumers.count; i++)
        if (manifest_party_is(manifest_consumer(manifest, i), identity))
            roles |= ROLE_CONSUMER;
    for (size_t i = 0; i < manifest->logs.to.count; i++)
        if (manifest_party_is(manifest_reader(manifest, i), identity))
            roles |= ROLE_LOG_READER;
    return roles;
}

int role_check(unsigned roles, enum deed deed, struct err *err)
{
    if ((roles & deeds[deed].roles) != 0)
        return 0;
    if (roles == 0)
        return err_set(err, ERR_FORBIDDEN, "the manifest does not name this key");
    return err_set(err, ERR_FORBIDDEN, "this key may not %s: that is for %s", deeds[deed].what,
                   deeds[deed].whose);
}
