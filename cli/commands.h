/* The tables of commands, one a file. */
#ifndef COCOS_CLI_COMMANDS_H
#define COCOS_CLI_COMMANDS_H

#include "cli/command.h"

extern const struct command vm_commands[];
extern const struct command computation_commands[];
extern const struct command manifest_commands[];
extern const struct command key_commands[];
extern const struct command attest_commands[];
extern const struct command evidence_commands[];
extern const struct command receipt_commands[];
extern const struct command replay_commands[];
extern const struct command ima_commands[];
extern const struct command bundle_commands[];
extern const struct command measure_commands[];
extern const struct command boot_commands[];
extern const struct command igvm_commands[];
extern const struct command id_block_commands[];
extern const struct command policy_commands[];
extern const struct command corim_commands[];
extern const struct command local_commands[];

#endif
