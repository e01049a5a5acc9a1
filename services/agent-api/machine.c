#include "services/agent-api/machine.h"

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/crypto/key.h"
#include "lib/crypto/secret.h"
#include "lib/program/log.h"
#include "services/agent-api/attester/logs.h"

#include <unistd.h>

#define SIM_KEY_MAX (64 * KIB)

/* The attesters of each platform; the first one makes it what it is, others may be missing. */
static const struct {
    enum platform platform;
    const struct attester *attesters[DESK_ATTESTERS_MAX];
} rows[] = {
    {PLATFORM_SNP, {&attester_snp, &attester_vtpm}},
    {PLATFORM_TDX, {&attester_tdx, &attester_vtpm}},
    {PLATFORM_VTPM, {&attester_vtpm}},
    {PLATFORM_SIM, {&attester_sim}},
    {PLATFORM_NONE, {NULL}},
};

/* Without a key of the user's the root is a fresh one: its public half is what a policy must name.
 */
static int load_sim_key(const struct config *config, struct key **ret, struct err *err)
{
    OWNED_BUF private = BUF_OF(SIM_KEY_MAX), public = BUF_OF(SIM_KEY_MAX);
    OWNED_KEY *key = NULL;

    private.secret = true;
    if (config->sim_key[0] == '\0') {
        if (key_generate(KEY_P384, 0, &key, err) < 0)
            return -1;
    } else if (file_read(config->sim_key, &private, err) < 0 ||
               key_load_private_pem(buf_span(&private), &key, err) < 0) {
        return err_wrap(err, "sim key '%s'", config->sim_key);
    }
    if (key_type_of(key) != KEY_P384)
        return err_set(err, ERR_USAGE, "sim key '%s': a key on P-384 is needed", config->sim_key);
    key_write_public_pem(key, &public);
    log_warn("SIMULATED platform: nothing protects what is sent here. Verifiers refuse its reports "
             "unless their policy names this root: %s",
             buf_str(&public));
    *ret = GIVE(key);
    return 0;
}

static int load_sim(const struct config *config, struct machine *machine, struct err *err)
{
    machine->has_sim_measurement = config->sim_measurement[0] != '\0';
    if (machine->has_sim_measurement &&
        text_parse_hex(config->sim_measurement, machine->sim_measurement, SHA384_SIZE, err) < 0) {
        err->kind = ERR_USAGE;
        return err_wrap(err, "sim measurement");
    }
    return load_sim_key(config, &machine->sim_key, err);
}

static int open_devices(const struct config *config, struct machine *machine, struct err *err)
{
    enum platform platform = (enum platform)config->platform;

    if (platform == PLATFORM_SIM)
        return load_sim(config, machine, err);
    if (platform == PLATFORM_NONE || config->tpm[0] == '\0')
        return 0;
    if (tpm_device_open(config->tpm, &machine->tpm, err) == 0)
        return 0;
    if (err->kind != ERR_NOT_FOUND)
        log_warn("TPM: %s", err->text);
    return 0;
}

/* Takes those of the row that work. Fails when the first one does not. */
static int take_row(const struct attester *const wanted[], struct machine *machine, struct err *err)
{
    size_t count = 0;
    struct err why;

    for (size_t i = 0; i < DESK_ATTESTERS_MAX && wanted[i] != NULL; i++) {
        if (wanted[i]->probe(&machine->desk.places, &why) == 0) {
            machine->desk.attesters[count++] = wanted[i];
        } else if (i == 0) {
            *err = why;
            return -1;
        }
    }
    return 0;
}

static int find(const struct config *config, struct machine *machine, struct err *err)
{
    machine->desk.places = (struct attester_places){
        .tsm = &tsm_linux,
        .sev_guest = &sev_guest_linux,
        .tpm = machine->tpm,
        .sim_key = machine->sim_key,
        .sim_measurement = machine->has_sim_measurement ? machine->sim_measurement : NULL,
    };
    machine->desk.sysfs = DESK_SYSFS;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool automatic = config->platform == PLATFORM_AUTO && rows[i].platform != PLATFORM_SIM;

        if (!automatic && config->platform != (int)rows[i].platform)
            continue;
        machine->platform = platform_names[rows[i].platform];
        if (take_row(rows[i].attesters, machine, err) == 0)
            return 0;
        if (!automatic) {
            err->kind = ERR_USAGE;
            return err_wrap(err, "platform %s", machine->platform);
        }
    }
    return err_set(err, ERR_INTERNAL, "no row of platforms fits");
}

static uint64_t memory_mib(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / MIB;
}

int machine_find(const struct config *config, struct machine *ret, struct err *err)
{
    *ret = (struct machine){.memory_mib = memory_mib()};
    if (open_devices(config, ret, err) == 0 && find(config, ret, err) == 0)
        return 0;
    machine_done(ret);
    return -1;
}

void machine_done(struct machine *machine)
{
    tpm_device_free(GIVE(machine->tpm));
    key_free(GIVE(machine->sim_key));
}

/* --- where the identity begins -----------------------------------------------------------------
 */

void machine_secret(const struct machine *machine, uint8_t out[static ATTESTER_SECRET_SIZE])
{
    const struct attester *first = machine->desk.attesters[0];
    struct err err;

    if (first != NULL && first->secret != NULL) {
        if (first->secret(&machine->desk.places, out, &err) == 0)
            return;
        log_warn("the platform gives no secret, so this start has one of its own: %s", err.text);
    }
    random_bytes(out, ATTESTER_SECRET_SIZE);
}

int machine_measured(const struct machine *machine, struct measured *ret, struct err *err)
{
    OWNED_BUF tcg = BUF_OF(LOGS_TCG_MAX), ima = BUF_OF(LOGS_IMA_MAX);
    struct pcr_bank registers;

    if (machine->tpm != NULL) {
        if (tpm_device_read(machine->tpm, MEASURED_REGISTERS, &registers, err) < 0)
            return -1;
        measured_boot(&registers, span_of(NULL, 0), ret);
        return 0;
    }
    if (machine->desk.attesters[0] != NULL && logs_read(machine->desk.sysfs, &tcg, &ima, err) < 0)
        return -1;
    measured_boot(NULL, buf_span(&tcg), ret);
    return 0;
}
