/* A fleet on a fake hypervisor, with a clock that the test moves and a list of what was told. */
#ifndef COCOS_TESTS_MANAGER_FLEET_WORLD_H
#define COCOS_TESTS_MANAGER_FLEET_WORLD_H

#include "tests/unit/manager/image_make.h"

#include "lib/base/clock.h"
#include "services/manager-api/fleet/fleet.h"
#include "services/manager-api/vm/guard.h"
#include "tests/fakes/fake_vm.h"

#include <pthread.h>
#include <time.h>

#define TEST_MANAGER   "11111111-2222-4333-8444-555555555555"
#define TEST_WAIT_MS   60000
#define TEST_STATE_KEY "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"
#define TEST_PIN       "sha256//glTDKakoUPbVOd03b0gW7idkUX2l4CNVFK9DMWRIDXo="

/* What the clocks of the fleet say beyond the real ones. */
static int64_t wall_shift_s, monotonic_shift_ms;

static inline int64_t test_now(void)
{
    return clock_now() + __atomic_load_n(&wall_shift_s, __ATOMIC_SEQ_CST);
}

static inline int64_t test_now_ms(void)
{
    return clock_monotonic_ms() + __atomic_load_n(&monotonic_shift_ms, __ATOMIC_SEQ_CST);
}

struct test_world {
    struct scratch dir; /* state and images */
    struct fake_world *fake;
    struct vm_provider *provider;
    struct fleet *fleet;
    struct tee_probe tee; /* of the host */
    unsigned max_vms, max_per_owner, start_grace_ms;
    const char *verifier; /* NULL: nothing is verified */
    pthread_mutex_t lock;
    struct buf told; /* "vm.created vm.booting ..." */
};

static const struct fleet_caller alice = {.owner = "alice"};
static const struct fleet_caller bob = {.owner = "bob"};
static const struct fleet_caller root = {.owner = "admin", .all = true};

static inline void world_told(void *ctx, const struct fleet_event *event)
{
    struct test_world *world = ctx;

    pthread_mutex_lock(&world->lock);
    buf_printf(&world->told, "%s ", event->type);
    pthread_mutex_unlock(&world->lock);
    json_free(event->data);
}

static inline bool world_was_told(struct test_world *world, const char *type)
{
    bool found;

    pthread_mutex_lock(&world->lock);
    found = strstr(buf_str(&world->told), type) != NULL;
    pthread_mutex_unlock(&world->lock);
    return found;
}

/* Starts a manager on the world, as after a restart. */
static inline void world_open(struct test_world *world)
{
    const struct fleet_config config = {
        .state_dir = world->dir.path,
        .image_dir = world->dir.path,
        .manager = TEST_MANAGER,
        .ports = {22000, 22999},
        .kvm = world->tee.qemu,
        .place = {.hugepages = true, .has_node = true, .node = 1},
        .tee = world->tee,
        .host_root = world->dir.path,
        .max_vms = world->max_vms,
        .max_per_owner = world->max_per_owner,
        .boot_timeout_ms = 60000,
        .silence_timeout_ms = 30000,
        .start_grace_ms = world->start_grace_ms,
        .retention_ms = 3600000,
        .verifier = world->verifier,
        .clock = {test_now, test_now_ms},
        .tell = world_told,
        .tell_ctx = world,
    };
    struct err err;

    world->provider = guard_new(fake_vm_open(world->fake), 2000);
    assert_ok(fleet_open(&config, world->provider, &world->fleet, &err));
    fleet_wait(world->fleet, 5);
}

static inline void world_close(struct test_world *world)
{
    fleet_close(world->fleet);
    world->fleet = NULL;
    world->provider->ops->close(world->provider);
}

static inline struct test_world *world_new(void)
{
    struct test_world *world = mem_new(struct test_world);

    world->dir = scratch_new();
    world->fake = fake_world_new();
    world->told = BUF_OF(256 * KIB);
    world->max_vms = 10;
    world->max_per_owner = 8;
    pthread_mutex_init(&world->lock, NULL);
    image_make(&world->dir, "eos", false);
    image_make(&world->dir, "eos-debug", true);
    wall_shift_s = 0;
    monotonic_shift_ms = 0;
    return world;
}

static inline void world_free(struct test_world **world)
{
    if ((*world)->fleet != NULL)
        world_close(*world);
    fake_world_free((*world)->fake);
    scratch_done(&(*world)->dir);
    pthread_mutex_destroy(&(*world)->lock);
    buf_done(&(*world)->told);
    free(*world);
}
#define WORLD __attribute__((cleanup(world_free))) struct test_world

/* Creates with a spec of the test's; the id through ret_id when not NULL. */
static inline int world_create(struct test_world *world, const struct fleet_caller *caller,
                               const struct vm_spec *spec, char *ret_id, struct err *err)
{
    OWNED_VM vm = {0};
    const struct fleet_order order = {.spec = spec, .idempotency_key = "", .body_sha256 = "00"};
    bool replayed = false;

    if (fleet_create(world->fleet, caller, &order, &vm, &replayed, err) < 0)
        return -1;
    assert_false(replayed);
    if (ret_id != NULL)
        snprintf(ret_id, VM_ID_SIZE, "%s", vm.id);
    return 0;
}

static inline int world_state(struct test_world *world, const char *id)
{
    OWNED_VM vm = {0};
    struct err err;

    return fleet_get(world->fleet, &root, id, &vm, &err) < 0 ? -1 : vm.state;
}

/* Waits until the VM is in the state (-1: gone); fails the test when it does not get there. */
static inline void world_await(struct test_world *world, const char *id, int state)
{
    const struct timespec nap = {.tv_nsec = 20 * 1000 * 1000};
    int64_t until = clock_monotonic_ms() + TEST_WAIT_MS;

    while (world_state(world, id) != state) {
        if (clock_monotonic_ms() > until)
            fail_msg("state %d, waited for %d", world_state(world, id), state);
        fleet_wake(world->fleet);
        nanosleep(&nap, NULL);
    }
}

/* Waits until something is so. */
#define world_until(condition)                                                                     \
    do {                                                                                           \
        const struct timespec nap_ = {.tv_nsec = 20 * 1000 * 1000};                                \
        int64_t until_ = clock_monotonic_ms() + TEST_WAIT_MS;                                      \
        while (!(condition)) {                                                                     \
            if (clock_monotonic_ms() > until_)                                                     \
                fail_msg("never: %s", #condition);                                                 \
            nanosleep(&nap_, NULL);                                                                \
        }                                                                                          \
    } while (0)

/* What an agent in the VM says. */
static inline void world_say(struct test_world *world, const char *id, const char *state,
                             unsigned seq)
{
    OWNED(free_str) char *name = mem_printf("vms/%s/out/state.json", id);
    OWNED(free_str)
    char *text =
        mem_printf("{\"state\":\"%s\",\"computation_id\":\"c-1\",\"spki_sha256\":\"" TEST_STATE_KEY
                   "\",\"seq\":%u,\"pin\":\"" TEST_PIN "\"}",
                   state, seq);

    put(&world->dir, name, text);
}

/* Names in vms/. */
static inline unsigned world_directories(const struct test_world *world)
{
    struct stat info;

    assert_int_equal(stat(in(&world->dir, "vms"), &info), 0);
    return (unsigned)info.st_nlink - 2;
}

#endif
