/* The rows of the commands about a computation. */
#include "cli/commands.h"
#include "cli/computation.h"

#include "cli/manifest_make.h"

struct agent_access computation_glance(const struct computation_options *options)
{
    return (struct agent_access){
        .agent = &options->agent,
        .manager = &options->manager,
        .evidence = &options->evidence,
    };
}

struct agent_access computation_access(const struct cli *cli,
                                       const struct computation_options *options, size_t key_at)
{
    struct agent_access access = computation_glance(options);

    access.key = cli_arg(cli, key_at);
    access.key_needed = true;
    access.evidence_needed = true;
    access.computation_needed = true;
    return access;
}

static const struct flag algo_flags[] = {
    {"algorithm", 'a', FLAG_CHOICE, "TYPE", NULL, offsetof(struct algo_options, type),
     "bin, python, wasm or docker: refuse unless the manifest says the same",
     .choices = algorithm_words},
    {"args", 0, FLAG_LIST, "ARG", NULL, offsetof(struct algo_options, args),
     "argument of the algorithm, once for each: refuse unless the manifest says the same"},
    {"requirements", 'r', FLAG_TEXT, "FILE", NULL, offsetof(struct algo_options, requirements),
     "requirements.txt, sent before the algorithm"},
    {"python-runtime", 0, FLAG_TEXT, "NAME", NULL, offsetof(struct algo_options, python),
     "python3: the image decides which one that is"},
    {"seal", 0, FLAG_BOOL, NULL, NULL, offsetof(struct algo_options, seal),
     "seal what is sent to a key of the machine that its evidence vouches for"},
    {NULL},
};

static const struct flag data_flags[] = {
    {"decompress", 'd', FLAG_BOOL, NULL, NULL, offsetof(struct data_options, decompress),
     "refuse unless the manifest has the dataset unpacked"},
    {"seal", 0, FLAG_BOOL, NULL, NULL, offsetof(struct data_options, seal),
     "seal it to a key of the machine that its evidence vouches for"},
    {NULL},
};

static const struct flag result_flags[] = {
    {"output-dir", 'o', FLAG_TEXT, "DIR", NULL, offsetof(struct result_options, directory),
     "where to write it; made if missing (default: here)"},
    {"filename", 'f', FLAG_TEXT, "NAME", NULL, offsetof(struct result_options, filename),
     "name of the file (default results.zip)"},
    {NULL},
};

static const struct flag run_flags[] = {
    {"no-wait", 0, FLAG_BOOL, NULL, NULL, offsetof(struct run_options, no_wait),
     "come back as soon as it is started"},
    {"timeout", 0, FLAG_DURATION, "DURATION", NULL, offsetof(struct run_options, timeout_ms),
     "give up waiting after this time (default: never)", .min = 1000, .max = INT64_MAX},
    {NULL},
};

static const struct flag wait_flags[] = {
    {"timeout", 0, FLAG_DURATION, "DURATION", NULL, offsetof(struct wait_options, timeout_ms),
     "give up after this time (default: never)", .min = 1000, .max = INT64_MAX},
    {NULL},
};

static const struct flag events_flags[] = {
    {"follow", 0, FLAG_BOOL, NULL, NULL, offsetof(struct events_options, follow),
     "go on as events happen, also after the connection broke"},
    {"after", 0, FLAG_TEXT, "ID", NULL, offsetof(struct events_options, after),
     "only events after this one"},
    {"agent", 0, FLAG_BOOL, NULL, NULL, offsetof(struct events_options, from_agent),
     "ask the agent, as a participant; otherwise the manager is asked"},
    {NULL},
};

static const struct flag logs_flags[] = {
    {"console", 0, FLAG_BOOL, NULL, NULL, offsetof(struct logs_options, console),
     "what the VM's console said (--vm), from the manager; debug images only"},
    {NULL},
};

#define AT(member) offsetof(struct computation_options, member)
#define AGENT_SETS                                                                                 \
    {evidence_flags, AT(evidence)}, {agent_flags, AT(agent)},                                      \
    {                                                                                              \
        manager_flags, AT(manager)                                                                 \
    }
#define DATA_SETS {agreed_flags, AT(evidence)}, AGENT_SETS

const struct command computation_commands[] = {
    {
        .path = "algo",
        .args = "FILE [KEY]",
        .args_min = 1,
        .args_max = 2,
        .options_size = sizeof(struct algo_options),
        .flags = {{algo_flags, 0}, DATA_SETS},
        .run = computation_algo,
        .summary = "Uploads the algorithm",
        .help = "KEY is the private key of the algorithm's provider. The agent compares the bytes "
                "with the SHA3-256 in the manifest; type and arguments are the manifest's, so the "
                "flags for them only check that it says what you expect.",
        .example = "cocos-cli algo fit.py coder-private.pem --vm \"$VM\" --manifest manifest.json",
    },
    {
        .path = "data",
        .args = "PATH [KEY]",
        .args_min = 1,
        .args_max = 2,
        .options_size = sizeof(struct data_options),
        .flags = {{data_flags, 0}, DATA_SETS},
        .run = computation_data,
        .summary = "Uploads a dataset: a file, or a directory as a zip",
        .help = "KEY is the private key of the dataset's provider. The dataset is the one whose "
                "file name in the manifest is the last part of PATH. The agent compares the bytes "
                "with the SHA3-256 in the manifest.",
        .example = "cocos-cli data iris.csv data-private.pem --vm \"$VM\" --manifest manifest.json",
    },
    {
        .path = "run",
        .args = "[KEY]",
        .args_max = 1,
        .options_size = sizeof(struct run_options),
        .flags = {{run_flags, 0}, DATA_SETS},
        .run = computation_run,
        .summary = "Starts the computation and waits until it ends",
        .help = "KEY is the private key of the owner or of the algorithm's provider. Where the "
                "manifest starts by itself, this only waits. Exit code 6 says that the computation "
                "failed.",
    },
    {
        .path = "result",
        .args = "[KEY]",
        .args_max = 1,
        .options_size = sizeof(struct result_options),
        .flags = {{result_flags, 0}, DATA_SETS},
        .run = computation_result,
        .summary = "Fetches the result and prints the path of the file",
        .help = "KEY is the private key of a result consumer. The file appears under its name once "
                "every byte is there, and then replaces an older one; an interrupted download "
                "leaves nothing. A result that the manifest has sealed to this key is opened.",
        .example = "cocos-cli result reader-private.pem --vm \"$VM\" -o out -f fit.zip",
    },
    {
        .path = "stop",
        .args = "[KEY]",
        .args_max = 1,
        .options_size = sizeof(struct computation_options),
        .flags = {AGENT_SETS},
        .run = computation_stop,
        .summary = "Ends the computation: kills what runs, wipes what came, forgets the manifest",
        .help = "KEY is the owner's private key. The VM stays and waits for a new manifest.",
    },
    {
        .path = "state",
        .args = "",
        .options_size = sizeof(struct computation_options),
        .flags = {AGENT_SETS},
        .run = computation_state,
        .summary = "Shows where the computation stands and what it waits for",
        .help = "Anyone may ask.",
    },
    {
        .path = "wait",
        .args = "[STATE]",
        .args_max = 1,
        .options_size = sizeof(struct wait_options),
        .flags = {{wait_flags, 0}, AGENT_SETS},
        .run = computation_wait,
        .summary = "Waits until the computation is in a state, or past it",
        .help = "STATE is ReceivingManifest, ReceivingAlgorithm, ReceivingData, Running, "
                "ConsumingResults (default) or Complete. Exit code 6 says that the computation "
                "failed, 3 that the time was up.",
    },
    {
        .path = "events",
        .args = "[VM]",
        .args_max = 1,
        .options_size = sizeof(struct events_options),
        .flags = {{events_flags, 0}, AGENT_SETS},
        .run = computation_events,
        .summary = "Shows what happened: on the manager, to one VM, or inside of it (--agent)",
        .help = "One line an event; with --json one JSON object a line.",
        .example = "cocos-cli events --follow \"$VM\"",
    },
    {
        .path = "logs",
        .args = "[KEY]",
        .args_max = 1,
        .options_size = sizeof(struct logs_options),
        .flags = {{logs_flags, 0}, DATA_SETS},
        .run = computation_logs,
        .summary = "Prints what the algorithm printed, for those whom the manifest names",
    },
    {NULL},
};
