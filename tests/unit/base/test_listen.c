#include "tests/unit/unit.h"

#include "lib/base/listen.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void what_is_no_address_is_refused(void **state)
{
    static const char *const addresses[] = {
        "",       "7443",    "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "localhost:0",
        "[::1:0", "1.2.3:0", ":0",        "unix:",      "unix:relative",   "[]:0",
    };
    char longer[200] = "unix:/";
    uint16_t port;
    struct err err;
    int fd;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++)
        assert_fails(listen_at(addresses[i], &fd, &port, &err), ERR_INPUT);
    memset(longer + 6, 'a', sizeof(longer) - 7);
    assert_fails(listen_at(longer, &fd, &port, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "107"));
}

static void a_port_that_is_taken_is_told(void **state)
{
    OWNED(close_fd) int first = -1;
    char address[32];
    uint16_t port;
    struct err err;
    int second;

    (void)state;
    assert_ok(listen_at("127.0.0.1:0", &first, &port, &err));
    assert_int_not_equal(port, 0);
    snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    assert_fails(listen_at(address, &second, &port, &err), ERR_SYSTEM);
    assert_non_null(strstr(err.text, address));
}

static void a_socket_file_is_for_its_owner_and_outlives_nobody(void **state)
{
    char dir[] = "/tmp/cocos-listen-XXXXXX", address[80], path[64];
    OWNED(close_fd) int again = -1;
    struct stat status;
    uint16_t port;
    struct err err;
    int first, second;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/a.sock", dir);
    snprintf(address, sizeof(address), "unix:%s", path);
    assert_ok(listen_at(address, &first, &port, &err));
    assert_int_equal(port, 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_fails(listen_at(address, &second, &port, &err), ERR_SYSTEM);
    close(first);
    assert_ok(listen_at(address, &again, &port, &err));
    unlink(path);
    rmdir(dir);
}

static void a_file_in_the_way_stays(void **state)
{
    char dir[] = "/tmp/cocos-listen-XXXXXX", address[80], path[64];
    struct err err;
    uint16_t port;
    FILE *file;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/precious", dir);
    snprintf(address, sizeof(address), "unix:%s", path);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_fails(listen_at(address, &fd, &port, &err), ERR_SYSTEM);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_port_that_is_taken_is_told),
        cmocka_unit_test(a_socket_file_is_for_its_owner_and_outlives_nobody),
        cmocka_unit_test(a_file_in_the_way_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
