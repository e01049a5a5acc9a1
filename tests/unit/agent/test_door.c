#include "tests/unit/unit.h"

#include "lib/crypto/key.h"
#include "lib/crypto/x509.h"
#include "services/agent-api/door.h"

#include <sys/stat.h>
#include <unistd.h>

#define NOW 1800000000

struct place {
    char dir[32], socket[64], certificate[64], key[64];
    struct identity identity;
    struct door door;
};

static void open_place(struct place *place, mode_t mode)
{
    const struct identity_seed seed = IDENTITY_SEED_NONE;
    struct err err;

    strcpy(place->dir, "/tmp/test-door-XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    assert_int_equal(chmod(place->dir, mode), 0);
    snprintf(place->socket, sizeof(place->socket), "%s/agent.sock", place->dir);
    snprintf(place->certificate, sizeof(place->certificate), "%s/gateway.pem", place->dir);
    snprintf(place->key, sizeof(place->key), "%s/gateway.key", place->dir);
    assert_ok(identity_make(&seed, NOW, &place->identity, &err));
    place->door = (struct door){.path = place->socket, .identity = &place->identity, .now = NOW};
}

static void close_place(struct place *place)
{
    door_remove(place->socket);
    assert_int_equal(rmdir(place->dir), 0); /* nothing is left */
    identity_done(&place->identity);
}

static void the_agents_key_vouches_for_the_gateways(void **state)
{
    OWNED_BUF pem = BUF_OF(64 * KIB), key_pem = BUF_OF(16 * KIB);
    OWNED_X509_LIST chain = {0};
    OWNED_KEY *key = NULL;
    uint8_t digest[SHA256_SIZE];
    struct place place;
    struct err err;

    (void)state;
    open_place(&place, 0700);
    assert_ok(door_write_files(&place.door, &err));
    assert_ok(file_read(place.certificate, &pem, &err));
    assert_ok(file_read(place.key, &key_pem, &err));
    assert_ok(x509_list_parse(buf_span(&pem), 8, &chain, &err));
    assert_int_equal(chain.count, 2);
    assert_ok(x509_check_issuer(chain.items[0], chain.items[1], 0, &err));
    assert_fails(x509_check_ca(chain.items[0], &err), ERR_UNTRUSTED); /* it vouches for nobody */
    assert_ok(x509_check_time(chain.items[0], NOW, &err));
    x509_key_digest(chain.items[1], digest);
    assert_memory_equal(digest, place.identity.spki_sha256, SHA256_SIZE);
    assert_ok(key_load_private_pem(buf_span(&key_pem), &key, &err));
    assert_true(key_equal(key, x509_public_key(chain.items[0])));
    assert_false(key_equal(key, x509_public_key(chain.items[1]))); /* it is not the agent's */
    close_place(&place);
}

static void assert_written(const struct place *place, const char *name, const char *wanted)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", place->dir, name);
    OWNED_BUF text = BUF_OF(16 * KIB);
    struct err err;

    assert_ok(file_read(path, &text, &err));
    assert_string_equal(buf_str(&text), wanted);
}

static void the_gateway_is_told_which_computation_server_was_measured(void **state)
{
    OWNED(free_str) char *wanted = NULL;
    struct place place;
    struct err err;

    (void)state;
    open_place(&place, 0700);
    assert_ok(door_write_files(&place.door, &err));
    assert_written(&place, "gateway.conf", "");
    place.door.vm_id = "vm-1";
    place.door.cvms_url = "https://cvms:7001";
    place.door.cvms_via = "10.0.2.100:7001";
    place.door.cvms_ca = "-----BEGIN\n";
    place.door.cvms_owner = "-----BEGIN PRIVATE\n";
    assert_ok(door_write_files(&place.door, &err));
    wanted = mem_printf("cvms_url = https://cvms:7001\ncvms_via = 10.0.2.100:7001\n"
                        "cvms_ca = %s/cvms.pem\ncvms_owner_key = %s/cvms.key\ncvms_job = vm-1\n",
                        place.dir, place.dir);
    assert_written(&place, "gateway.conf", wanted);
    assert_written(&place, "cvms.pem", "-----BEGIN\n");
    assert_written(&place, "cvms.key", "-----BEGIN PRIVATE\n");
    /* A name is no further line, whoever the host says that we are. */
    place.door.vm_id = "vm\ncvms_url = https://elsewhere:1";
    free_str(&wanted);
    wanted = mem_printf("cvms_url = https://cvms:7001\ncvms_via = 10.0.2.100:7001\n"
                        "cvms_ca = %s/cvms.pem\ncvms_owner_key = %s/cvms.key\n",
                        place.dir, place.dir);
    assert_ok(door_write_files(&place.door, &err));
    assert_written(&place, "gateway.conf", wanted);
    place.door.cvms_url = NULL;
    assert_ok(door_write_files(&place.door, &err));
    assert_written(&place, "gateway.conf", "");
    close_place(&place);
}

static mode_t mode_of(const char *path)
{
    struct stat status;

    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 0777;
}

static void only_a_directory_that_says_so_hands_the_files_on(void **state)
{
    static const struct {
        mode_t dir, files;
    } rows[] = {{0700, 0600}, {0770, 0600}, {02750, 0640}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct place place;
        struct err err;

        open_place(&place, rows[i].dir);
        assert_ok(door_write_files(&place.door, &err));
        assert_int_equal(mode_of(place.certificate), rows[i].files);
        assert_int_equal(mode_of(place.key), rows[i].files);
        close_place(&place);
    }
}

static void a_directory_that_is_not_there_is_told(void **state)
{
    struct place place;
    struct err err;

    (void)state;
    open_place(&place, 0700);
    place.door.path = "/nowhere/agent.sock";
    assert_int_equal(door_write_files(&place.door, &err), -1);
    assert_non_null(strstr(err.text, "/nowhere/gateway.pem"));
    close_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_agents_key_vouches_for_the_gateways),
        cmocka_unit_test(the_gateway_is_told_which_computation_server_was_measured),
        cmocka_unit_test(only_a_directory_that_says_so_hands_the_files_on),
        cmocka_unit_test(a_directory_that_is_not_there_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
