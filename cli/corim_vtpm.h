/* policy create-corim vtpm: registers from a release record, a replayed log, or flags. */
#ifndef COCOS_CLI_CORIM_VTPM_H
#define COCOS_CLI_CORIM_VTPM_H

#include "cli/command.h"
#include "cli/corim_output.h"
#include "cli/expect.h"

struct corim_vtpm_options {
    struct common_options common;
    struct corim_output output;
    struct flag_list pcrs, keys, roots, waive;
    const char *pcr_file, *image;
    struct expect_shape shape;
    bool emulated;
};

extern const struct flag corim_vtpm_flags[];

MUST_USE int corim_vtpm_run(const struct cli *cli, const void *options, struct err *err);

#endif
