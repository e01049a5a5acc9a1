/* policy create-corim azure and gcp: reference values that a cloud signed. */
#ifndef COCOS_CLI_CORIM_CLOUD_H
#define COCOS_CLI_CORIM_CLOUD_H

#include "cli/command.h"
#include "cli/corim_output.h"

struct corim_cloud_options {
    struct common_options common;
    struct corim_output output;
    struct flag_list waive;
    const char *key;
    const char *token, *product, *time;    /* azure */
    const char *endorsement, *measurement; /* gcp */
    uint64_t vcpus;
};

extern const struct flag corim_azure_flags[];
extern const struct flag corim_gcp_flags[];

MUST_USE int corim_azure_run(const struct cli *cli, const void *options, struct err *err);
MUST_USE int corim_gcp_run(const struct cli *cli, const void *options, struct err *err);

#endif
