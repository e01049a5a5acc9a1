/* A hypervisor that only pretends, for the tests of the fleet. Its world lies in memory that forked
 * processes share, so that a manager can be killed in the middle of a call and another one find
 * what it left. */
#ifndef COCOS_TESTS_FAKE_VM_H
#define COCOS_TESTS_FAKE_VM_H

#include "services/manager-api/vm/vm.h"

#include <pthread.h>

#define FAKE_VM_MAX 1100

/* The calls that change something, in which faults can be put. */
enum fake_call { FAKE_DEFINE, FAKE_WRITE, FAKE_START, FAKE_STOP, FAKE_UNDEFINE, FAKE_CALL_COUNT };

struct fake_machine {
    bool defined;
    bool on;
    enum vm_end end;
    struct vm_record record;
    struct vm_place place;
    uint32_t emulator_version;
    uint8_t binding[VM_BINDING_SIZE]; /* that its last definition had; zeros for none */
};

struct fake_world {
    pthread_mutex_t lock; /* shared by processes; never held at a death */
    struct fake_machine machines[FAKE_VM_MAX];
    _Atomic unsigned changes; /* calls that changed something so far */
    _Atomic unsigned calls[FAKE_CALL_COUNT];
    _Atomic unsigned die_before; /* the process ends before its n-th change; 0: never */
    _Atomic unsigned die_after;  /* and after it */
    _Atomic unsigned fail_at;    /* the n-th change fails; 0: none */
    _Atomic bool fail_for_good;  /* and every call after it */
    _Atomic enum err_kind fail_kind;
    _Atomic bool dead;          /* every call fails with UNAVAILABLE, as without libvirtd */
    _Atomic unsigned hang_ms;   /* every call takes that long */
    _Atomic unsigned linger_ms; /* a list is that old when it arrives */
    uint16_t busy_ports[8];     /* starting with one of these fails with STATE */
    unsigned busy_port_count;
    bool all_ports_busy;
    enum tee_switch offers[TEE_COUNT]; /* kinds of protection that it says it has */
};

#define FAKE_VERSION 1000000 /* that it says it is of */

#define FAKE_DEATH 86 /* the exit code of a process that died by plan */

struct fake_world *fake_world_new(void);
void fake_world_free(struct fake_world *world);

/* A provider that acts on the world. */
struct vm_provider *fake_vm_open(struct fake_world *world);

/* What the outside world does to a VM. NULL: the only one there is. */
struct fake_machine *fake_find(struct fake_world *world, const char *id);
/* As it is at this moment; not defined when there is none. */
struct fake_machine fake_look(struct fake_world *world, const char *id);
void fake_kill(struct fake_world *world, const char *id, enum vm_end end);
unsigned fake_count(struct fake_world *world);

#endif
