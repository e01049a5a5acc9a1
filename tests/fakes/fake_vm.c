#include "tests/fakes/fake_vm.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct fake_vm {
    struct vm_provider base;
    struct fake_world *world;
};

struct fake_world *fake_world_new(void)
{
    struct fake_world *world =
        mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attributes;

    if (world == MAP_FAILED)
        abort();
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&world->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return world;
}

void fake_world_free(struct fake_world *world)
{
    munmap(world, sizeof(*world));
}

static struct fake_machine *find(struct fake_world *world, const char *id)
{
    for (size_t i = 0; i < FAKE_VM_MAX; i++) {
        struct fake_machine *machine = &world->machines[i];

        if (machine->defined && (id == NULL || strcmp(machine->record.id, id) == 0))
            return machine;
    }
    return NULL;
}

struct fake_machine *fake_find(struct fake_world *world, const char *id)
{
    return find(world, id);
}

struct fake_machine fake_look(struct fake_world *world, const char *id)
{
    const struct fake_machine *machine = NULL;
    struct fake_machine copy = {.defined = false};

    pthread_mutex_lock(&world->lock);
    machine = fake_find(world, id);
    if (machine != NULL)
        copy = *machine;
    pthread_mutex_unlock(&world->lock);
    return copy;
}

void fake_kill(struct fake_world *world, const char *id, enum vm_end end)
{
    struct fake_machine *machine = NULL;

    pthread_mutex_lock(&world->lock);
    machine = find(world, id);
    if (machine != NULL) {
        machine->on = false;
        machine->end = end;
    }
    pthread_mutex_unlock(&world->lock);
}

unsigned fake_count(struct fake_world *world)
{
    unsigned count = 0;

    pthread_mutex_lock(&world->lock);
    for (size_t i = 0; i < FAKE_VM_MAX; i++)
        count += world->machines[i].defined;
    pthread_mutex_unlock(&world->lock);
    return count;
}

/* --- faults --------------------------------------------------------------------- */

static void pause_ms(unsigned ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    if (ms > 0)
        nanosleep(&pause, NULL);
}

static int answer(struct fake_world *world, struct err *err)
{
    pause_ms(world->hang_ms);
    return world->dead ? err_set(err, ERR_UNAVAILABLE, "the fake hypervisor is dead") : 0;
}

/* Counts a change and lets the fault planned for it happen; the lock is not held. */
static int begin_change(struct fake_world *world, enum fake_call call, unsigned *ret_number,
                        struct err *err)
{
    unsigned number;

    if (answer(world, err) < 0)
        return -1;
    number = ++world->changes;
    ++world->calls[call];
    if (world->die_before == number)
        _exit(FAKE_DEATH);
    if (world->fail_at != 0 &&
        (number == world->fail_at || (world->fail_for_good && number > world->fail_at)))
        return err_set(err, world->fail_kind, "the fake hypervisor fails at change %u", number);
    *ret_number = number;
    return 0;
}

static void end_change(struct fake_world *world, unsigned number)
{
    if (world->die_after == number)
        _exit(FAKE_DEATH);
}

static struct fake_world *world_of(struct vm_provider *provider)
{
    return ((struct fake_vm *)provider)->world;
}

/* --- the provider ------------------------------------------------------------------ */

static int describe(struct vm_provider *provider, struct vm_hypervisor *ret, struct err *err)
{
    if (answer(world_of(provider), err) < 0)
        return -1;
    *ret = (struct vm_hypervisor){.uri = "fake:///",
                                  .library = "fake 1",
                                  .emulator = "FAKE 1",
                                  .emulator_version = FAKE_VERSION,
                                  .tpm = true,
                                  .pretends = true};
    memcpy(ret->offers, world_of(provider)->offers, sizeof(ret->offers));
    return 0;
}

static int list(struct vm_provider *provider, struct vm_sighting **ret, size_t *ret_count,
                struct err *err)
{
    struct fake_world *world = world_of(provider);
    struct vm_sighting *seen = NULL;
    size_t count = 0;

    if (answer(world, err) < 0)
        return -1;
    seen = mem_zeroed(FAKE_VM_MAX, sizeof(*seen));
    pthread_mutex_lock(&world->lock);
    for (size_t i = 0; i < FAKE_VM_MAX; i++) {
        const struct fake_machine *machine = &world->machines[i];

        if (!machine->defined)
            continue;
        memcpy(seen[count].id, machine->record.id, VM_ID_SIZE);
        seen[count].on = machine->on;
        seen[count++].end = machine->end;
    }
    pthread_mutex_unlock(&world->lock);
    pause_ms(world->linger_ms);
    *ret = seen;
    *ret_count = count;
    return 0;
}

static int read_record(struct vm_provider *provider, const char *id, struct vm_record *ret,
                       struct err *err)
{
    struct fake_world *world = world_of(provider);
    const struct fake_machine *machine = NULL;

    if (answer(world, err) < 0)
        return -1;
    pthread_mutex_lock(&world->lock);
    machine = find(world, id);
    if (machine != NULL)
        *ret = machine->record;
    pthread_mutex_unlock(&world->lock);
    return machine != NULL ? 0 : err_set(err, ERR_NOT_FOUND, "no such VM");
}

static int define(struct vm_provider *provider, const struct vm_launch *launch, struct err *err)
{
    struct fake_world *world = world_of(provider);
    struct fake_machine *machine = NULL;
    unsigned number = 0;

    if (begin_change(world, FAKE_DEFINE, &number, err) < 0)
        return -1;
    pthread_mutex_lock(&world->lock);
    machine = find(world, launch->record.id);
    for (size_t i = 0; machine == NULL && i < FAKE_VM_MAX; i++)
        if (!world->machines[i].defined)
            machine = &world->machines[i];
    machine->defined = true;
    machine->record = launch->record;
    machine->place = launch->place;
    machine->emulator_version = launch->emulator_version;
    memset(machine->binding, 0, sizeof(machine->binding));
    if (launch->protection.bound)
        memcpy(machine->binding, launch->protection.binding, sizeof(machine->binding));
    pthread_mutex_unlock(&world->lock);
    end_change(world, number);
    return 0;
}

static int write_record(struct vm_provider *provider, const struct vm_record *record,
                        struct err *err)
{
    struct fake_world *world = world_of(provider);
    struct fake_machine *machine = NULL;
    unsigned number = 0;

    if (begin_change(world, FAKE_WRITE, &number, err) < 0)
        return -1;
    pthread_mutex_lock(&world->lock);
    machine = find(world, record->id);
    if (machine != NULL)
        machine->record = *record;
    pthread_mutex_unlock(&world->lock);
    end_change(world, number);
    return machine != NULL ? 0 : err_set(err, ERR_NOT_FOUND, "no such VM");
}

static bool is_busy(const struct fake_world *world, uint16_t port)
{
    for (unsigned i = 0; i < world->busy_port_count; i++)
        if (world->busy_ports[i] == port)
            return true;
    return world->all_ports_busy;
}

static int start(struct vm_provider *provider, const char *id, struct err *err)
{
    struct fake_world *world = world_of(provider);
    struct fake_machine *machine = NULL;
    unsigned number = 0;
    bool busy = false;

    if (begin_change(world, FAKE_START, &number, err) < 0)
        return -1;
    pthread_mutex_lock(&world->lock);
    machine = find(world, id);
    busy = machine != NULL && is_busy(world, machine->record.port);
    if (machine != NULL && !busy)
        machine->on = true;
    pthread_mutex_unlock(&world->lock);
    end_change(world, number);
    if (machine == NULL)
        return err_set(err, ERR_NOT_FOUND, "no such VM");
    return busy ? err_set(err, ERR_STATE, "the port is taken") : 0;
}

static int stop(struct vm_provider *provider, const char *id, struct err *err)
{
    struct fake_world *world = world_of(provider);
    unsigned number = 0;

    if (begin_change(world, FAKE_STOP, &number, err) < 0)
        return -1;
    fake_kill(world, id, VM_END_KILLED);
    end_change(world, number);
    return 0;
}

static int undefine(struct vm_provider *provider, const char *id, struct err *err)
{
    struct fake_world *world = world_of(provider);
    struct fake_machine *machine = NULL;
    unsigned number = 0;

    if (begin_change(world, FAKE_UNDEFINE, &number, err) < 0)
        return -1;
    pthread_mutex_lock(&world->lock);
    machine = find(world, id);
    if (machine != NULL)
        memset(machine, 0, sizeof(*machine));
    pthread_mutex_unlock(&world->lock);
    end_change(world, number);
    return 0;
}

static int measure(struct vm_provider *provider, const char *id, struct vm_stats *ret,
                   struct err *err)
{
    if (answer(world_of(provider), err) < 0)
        return -1;
    if (fake_find(world_of(provider), id) == NULL)
        return err_set(err, ERR_NOT_FOUND, "no such VM");
    *ret = (struct vm_stats){.on = true, .cpus = 1, .cpu_time_ns = 5};
    return 0;
}

static void close_provider(struct vm_provider *provider)
{
    free(provider);
}

static const struct vm_provider_ops ops = {
    .describe = describe,
    .list = list,
    .read = read_record,
    .define = define,
    .write = write_record,
    .start = start,
    .stop = stop,
    .undefine = undefine,
    .measure = measure,
    .close = close_provider,
};

struct vm_provider *fake_vm_open(struct fake_world *world)
{
    struct fake_vm *fake = mem_new(struct fake_vm);

    fake->base.ops = &ops;
    fake->world = world;
    return &fake->base;
}
