/* The commands about one computation: what they share, and their handlers, which lie in
 * cmd_asset.c, cmd_result.c, cmd_run.c and cmd_events.c; their rows are in cmd_computation.c. */
#ifndef COCOS_CLI_COMPUTATION_H
#define COCOS_CLI_COMPUTATION_H

#include "cli/command.h"
#include "cli/session.h"

/* What every one of them has; the options of each begin with it. */
struct computation_options {
    struct common_options common;
    struct agent_options agent;
    struct manager_options manager;
    struct evidence_options evidence;
};

struct algo_options {
    struct computation_options base;
    const char *type;
    const char *python;
    const char *requirements;
    struct flag_list args;
    bool seal;
};

struct data_options {
    struct computation_options base;
    bool decompress;
    bool seal;
};

struct result_options {
    struct computation_options base;
    const char *directory;
    const char *filename;
};

struct run_options {
    struct computation_options base;
    bool no_wait;
    uint64_t timeout_ms;
};

struct wait_options {
    struct computation_options base;
    uint64_t timeout_ms;
};

struct events_options {
    struct computation_options base;
    bool follow;
    bool from_agent;
    const char *after;
};

struct logs_options {
    struct computation_options base;
    bool console;
};

int computation_algo(const struct cli *cli, const void *options, struct err *err);
int computation_data(const struct cli *cli, const void *options, struct err *err);
int computation_result(const struct cli *cli, const void *options, struct err *err);
int computation_run(const struct cli *cli, const void *options, struct err *err);
int computation_stop(const struct cli *cli, const void *options, struct err *err);
int computation_state(const struct cli *cli, const void *options, struct err *err);
int computation_wait(const struct cli *cli, const void *options, struct err *err);
int computation_events(const struct cli *cli, const void *options, struct err *err);
int computation_logs(const struct cli *cli, const void *options, struct err *err);

/* The words for the states that `wait` knows. */
extern const char *const wait_states[];

/* The access that a command wants which moves data of a party, with KEY at this argument. */
struct agent_access computation_access(const struct cli *cli,
                                       const struct computation_options *options, size_t key_at);

/* The access that a command wants which only looks: no key, no evidence, no manifest needed. */
struct agent_access computation_glance(const struct computation_options *options);

#endif
