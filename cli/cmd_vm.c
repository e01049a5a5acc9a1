/* remove-vm, list-vms, vm-info, images, host, and the row of create-vm: what a manager does. */
#include "cli/commands.h"
#include "cli/create_vm.h"

#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/session.h"
#include "lib/base/clock.h"

#include <inttypes.h>

#define POLL_MS         250
#define REMOVE_LIMIT_MS (2 * 60 * 1000)
#define PAGE_SIZE       100
#define PAGES_MAX       1000

struct manager_only {
    struct common_options common;
    struct manager_options manager;
};

#define MANAGER_FLAGS(type)                                                                        \
    {                                                                                              \
        manager_flags, offsetof(struct type, manager)                                              \
    }

/* --- showing --- */

static const struct column vm_columns[] = {
    {"ID", "id"},
    {"NAME", "name"},
    {"STATE", "state", COLUMN_STATE},
    {"COMPUTATION", "computation/state", COLUMN_STATE},
    {"PLATFORM", "platform"},
    {"IMAGE", "image"},
    {"AGE", "created_at", COLUMN_TIME},
    {"EXPIRES", "expires_at", COLUMN_TIME},
};

static const struct column vm_lines[] = {
    {"id", "id"},
    {"name", "name"},
    {"owner", "owner"},
    {"state", "state", COLUMN_STATE},
    {"failure", "failure/kind"},
    {"because", "failure/detail"},
    {"attestation", "attestation", COLUMN_STATE},
    {"image", "image"},
    {"platform", "platform"},
    {"cpus", "cpus"},
    {"memory (MiB)", "memory_mib"},
    {"agent", "agent_url"},
    {"agent's pin", "agent_pin"},
    {"gateway", "grpc_url"},
    {"agent last seen", "agent/last_seen"},
    {"agent silent", "agent/silent"},
    {"computation", "computation/id"},
    {"its state", "computation/state", COLUMN_STATE},
    {"created", "created_at"},
    {"expires", "expires_at"},
};

static const struct column image_columns[] = {
    {"NAME", "name"},
    {"DEFAULT", "default"},
    {"USABLE", "usable"},
    {"EOS", "record/eos_version"},
    {"PYTHON", "record/python"},
    {"DEBUG", "record/debug"},
    {"KERNEL", "record/kernel/bytes", COLUMN_BYTES},
    {"INITRD", "record/initrd/bytes", COLUMN_BYTES},
    {"MEMORY (MiB)", "record/default_memory_mib"},
    {"PROBLEM", "problem"},
};

/* --- remove-vm --- */

struct remove_options {
    struct common_options common;
    struct manager_options manager;
    bool no_wait;
};

static const struct flag remove_flags[] = {
    {"no-wait", 0, FLAG_BOOL, NULL, NULL, offsetof(struct remove_options, no_wait),
     "come back at once, while it is still being removed"},
    {NULL},
};

static int wait_gone(struct httpc *manager, const char *id, struct err *err)
{
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_get_vm], .params = {id}};
    int64_t begun = clock_monotonic_ms();

    for (;;) {
        OWNED_HTTPC_REPLY reply = {0};

        if (httpc_perform(manager, &call, &reply, err) < 0)
            return err->kind == ERR_NOT_FOUND ? 0 : -1;
        if (clock_monotonic_ms() - begun > REMOVE_LIMIT_MS)
            return err_set(err, ERR_TIMEOUT, "VM '%s' is still there", id);
        if (interrupt_sleep(POLL_MS, err) < 0)
            return -1;
    }
}

static int run_remove(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct remove_options *options = ptr;
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_delete_vm]};
    OWNED_HTTPC *manager = NULL;
    OWNED_JSON *vm = NULL;
    OWNED_JSON *result = json_new_object();
    OWNED_HTTPC_REPLY reply = {0};
    const char *id;

    if (session_open_manager(&options->manager, &manager, err) < 0 ||
        session_find_vm(manager, cli_arg(cli, 0), &vm, err) < 0)
        return -1;
    id = json_get_str(vm, "id");
    call.params[0] = id;
    if (httpc_perform(manager, &call, &reply, err) < 0)
        return -1;
    if (!options->no_wait && wait_gone(manager, id, err) < 0)
        return -1;

    json_set_str(result, "id", id);
    json_set_bool(result, "removed", !options->no_wait);
    if (cli->options->json)
        print_json(result);
    else
        say("VM %s is %s", id, options->no_wait ? "being removed" : "gone");
    return 0;
}

/* --- list-vms, vm-info, images, host --- */

struct list_options {
    struct common_options common;
    struct manager_options manager;
    const char *state;
    uint64_t limit;
};

static const char *const vm_states[] = {"provisioning", "booting", "attesting", "running", "failed",
                                        "stopping",     "stopped", "expired",   NULL};

static const struct flag list_flags[] = {
    {"state", 0, FLAG_CHOICE, "STATE", NULL, offsetof(struct list_options, state),
     "only VMs in this state:", .choices = vm_states},
    {"limit", 0, FLAG_U64, "N", NULL, offsetof(struct list_options, limit),
     "at most so many (default: all)", .min = 1, .max = 1000000},
    {NULL},
};

/* A list that is read page by page. */
struct listing {
    struct httpc *manager;
    const struct list_options *options;
    uint64_t limit;
    struct json *items; /* so far; borrowed */
    char *cursor;       /* of the next page; NULL at both ends */
};

static void listing_done(struct listing *listing)
{
    httpc_free(listing->manager);
    free(listing->cursor);
}

static int read_page(struct listing *listing, struct err *err)
{
    uint64_t left = listing->limit - json_count(listing->items);
    OWNED_BUF query = BUF_OF(4 * KIB);
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_list_vms]};
    OWNED_HTTPC_REPLY reply = {0};
    const struct json *items;

    buf_printf(&query, "limit=%" PRIu64, left < PAGE_SIZE ? left : PAGE_SIZE);
    if (listing->options->state != NULL)
        buf_printf(&query, "&state=%s", listing->options->state);
    if (listing->cursor != NULL) {
        buf_add_str(&query, "&cursor=");
        percent_encode(span_of_str(listing->cursor), &query);
    }
    call.query = buf_str(&query);
    if (httpc_perform(listing->manager, &call, &reply, err) < 0)
        return -1;
    items = json_get(reply.json, "items");
    for (size_t i = 0; i < json_count(items); i++)
        json_add(listing->items, json_new_copy(json_at(items, i)));
    mem_set_str(&listing->cursor, json_get_str(reply.json, "next"));
    return 0;
}

static int run_list(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct list_options *options = ptr;
    OWNED_JSON *result = json_new_object();
    __attribute__((cleanup(listing_done))) struct listing listing = {
        .options = options,
        .limit = options->limit != 0 ? options->limit : UINT64_MAX,
        .items = json_new_array(),
    };

    json_set(result, "items", listing.items);
    if (session_open_manager(&options->manager, &listing.manager, err) < 0)
        return -1;
    for (int pages = 0; pages == 0 || (listing.cursor != NULL && pages < PAGES_MAX &&
                                       json_count(listing.items) < listing.limit);
         pages++)
        if (read_page(&listing, err) < 0)
            return -1;

    if (cli->options->json)
        print_json(result);
    else if (json_count(listing.items) == 0)
        say("no VMs");
    else
        print_table(listing.items, vm_columns, COUNT_OF(vm_columns), clock_now());
    return 0;
}

static int run_info(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct manager_only *options = ptr;
    OWNED_HTTPC *manager = NULL;
    OWNED_JSON *vm = NULL;

    if (session_open_manager(&options->manager, &manager, err) < 0 ||
        session_find_vm(manager, cli_arg(cli, 0), &vm, err) < 0)
        return -1;
    if (cli->options->json)
        print_json(vm);
    else
        print_object(vm, vm_lines, COUNT_OF(vm_lines));
    return 0;
}

static int run_images(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct manager_only *options = ptr;
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_list_images]};
    OWNED_HTTPC *manager = NULL;
    OWNED_HTTPC_REPLY reply = {0};
    const struct json *items;

    if (session_open_manager(&options->manager, &manager, err) < 0 ||
        httpc_perform(manager, &call, &reply, err) < 0)
        return -1;
    items = json_get(reply.json, "items");
    if (cli->options->json)
        print_json(reply.json);
    else if (json_count(items) == 0)
        say("the manager has no images; 'make eos' builds one");
    else
        print_table(items, image_columns, COUNT_OF(image_columns), clock_now());
    return 0;
}

/* Any document of objects and values, as "a.b: value" lines. */
static void print_members(const struct json *json, const char *prefix)
{
    for (size_t i = 0; i < json_count(json); i++) {
        const char *key = NULL;
        const struct json *value = json_member(json, i, &key);
        OWNED(free_str) char *name = mem_printf("%s%s%s", prefix, prefix[0] ? "." : "", key);
        const struct column line = {name, key};

        if (json_kind_of(value) == JSON_KIND_OBJECT)
            print_members(value, name);
        else
            print_object(json, &line, 1);
    }
}

static int run_host(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct manager_only *options = ptr;
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_get_host]};
    OWNED_HTTPC *manager = NULL;
    OWNED_HTTPC_REPLY reply = {0};

    if (session_open_manager(&options->manager, &manager, err) < 0 ||
        httpc_perform(manager, &call, &reply, err) < 0)
        return -1;
    if (cli->options->json)
        print_json(reply.json);
    else
        print_members(reply.json, "");
    return 0;
}

const struct command vm_commands[] = {
    {
        .path = "create-vm",
        .args = "",
        .options_size = sizeof(struct create_vm_options),
        .flags = {{create_vm_flags, 0}, MANAGER_FLAGS(create_vm_options)},
        .run = create_vm_run,
        .summary = "Creates a VM and prints its id",
        .help =
            "Asks the manager for a VM. With --wait it comes back when the VM runs and its "
            "agent has answered, and fails when that does not happen; without, it comes back at "
            "once. The id goes to standard output, everything else to standard error; --json "
            "prints the whole VM.",
        .example = "VM=$(cocos-cli create-vm --manifest manifest.json --ttl 1h --wait)",
    },
    {
        .path = "remove-vm",
        .args = "ID",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct remove_options),
        .flags = {{remove_flags, 0}, MANAGER_FLAGS(remove_options)},
        .run = run_remove,
        .summary = "Destroys a VM and waits until nothing of it is left",
        .help = "ID may also be the name of a VM, when only one has it.",
        .example = "cocos-cli remove-vm \"$VM\"",
    },
    {
        .path = "list-vms",
        .args = "",
        .options_size = sizeof(struct list_options),
        .flags = {{list_flags, 0}, MANAGER_FLAGS(list_options)},
        .run = run_list,
        .summary = "Lists the VMs that you may see",
        .example = "cocos-cli list-vms --state running",
    },
    {
        .path = "vm-info",
        .args = "ID",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct manager_only),
        .flags = {MANAGER_FLAGS(manager_only)},
        .run = run_info,
        .summary = "Shows one VM: state, agent, computation, why it failed",
        .help = "ID may also be the name of a VM, when only one has it.",
    },
    {
        .path = "images",
        .args = "",
        .options_size = sizeof(struct manager_only),
        .flags = {MANAGER_FLAGS(manager_only)},
        .run = run_images,
        .summary = "Lists the images that the manager can boot",
    },
    {
        .path = "host",
        .args = "",
        .options_size = sizeof(struct manager_only),
        .flags = {MANAGER_FLAGS(manager_only)},
        .run = run_host,
        .summary = "Shows what the manager's machine can do, and why not more",
    },
    {NULL},
};
