#include "services/manager-api/vm/libvirt_conn.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"

#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define KEEPALIVE_S      5
#define KEEPALIVE_MISSES 3
#define REASON_MAX       600

struct libvirt_conn {
    char uri[256];
    struct vm_watcher watcher;
    pthread_mutex_t lock; /* of connection and event */
    virConnectPtr connection;
    int event;
    atomic_bool dead; /* libvirt closed it under us; set by the event loop, which must not wait */
    pthread_t loop;
    atomic_bool ending;
    int kick; /* the timer that wakes the loop to see `ending` */
};

/* --- errors ---------------------------------------------------------------- */

static const struct {
    int code;
    enum err_kind kind;
} error_kinds[] = {
    {VIR_ERR_NO_DOMAIN, ERR_NOT_FOUND},           {VIR_ERR_NO_DOMAIN_METADATA, ERR_INPUT},
    {VIR_ERR_NO_CONNECT, ERR_UNAVAILABLE},        {VIR_ERR_RPC, ERR_UNAVAILABLE},
    {VIR_ERR_INVALID_CONN, ERR_UNAVAILABLE},      {VIR_ERR_AUTH_FAILED, ERR_UNAVAILABLE},
    {VIR_ERR_OPERATION_TIMEOUT, ERR_UNAVAILABLE}, {VIR_ERR_AUTH_UNAVAILABLE, ERR_UNAVAILABLE},
    {VIR_ERR_AUTH_CANCELLED, ERR_UNAVAILABLE},
};

int libvirt_code(void)
{
    const virError *error = virGetLastError();

    return error ? error->code : VIR_ERR_OK;
}

int libvirt_fail(struct err *err, const char *what)
{
    OWNED_BUF text = BUF_OF(8 * KIB);
    const char *message = virGetLastErrorMessage();
    enum err_kind kind = ERR_SYSTEM;

    for (size_t i = 0; i < COUNT_OF(error_kinds); i++)
        if (error_kinds[i].code == libvirt_code())
            kind = error_kinds[i].kind;
    text_add_printable(&text, span_of_str(message), REASON_MAX);
    return err_set(err, kind, "%s: libvirt says: %s", what, buf_str(&text));
}

/* Without a daemon every call fails the same way, so the sentence that helps is made here, once. */
static int fail_connect(const struct libvirt_conn *conn, struct err *err)
{
    libvirt_fail(err, "cannot connect");
    err->kind = ERR_UNAVAILABLE;
    if (strstr(conn->uri, "/system") == NULL)
        return err_wrap(err, "libvirt at '%s'", conn->uri);
    return err_wrap(
        err,
        "libvirt at '%s' (is it running? 'systemctl start libvirtd', or without systemd "
        "as root: 'virtlogd -d; libvirtd -d')",
        conn->uri);
}

/* --- events ---------------------------------------------------------------- */

static void ignore_error(void *ctx, virErrorPtr error)
{
    (void)ctx;
    (void)error;
}

static void on_closed(virConnectPtr connection, int reason, void *opaque)
{
    struct libvirt_conn *conn = opaque;

    (void)connection;
    (void)reason;
    atomic_store(&conn->dead, true);
    conn->watcher.changed(conn->watcher.ctx);
}

static int on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail,
                        void *opaque)
{
    struct libvirt_conn *conn = opaque;

    (void)connection;
    (void)domain;
    (void)event;
    (void)detail;
    conn->watcher.changed(conn->watcher.ctx);
    return 0;
}

static void on_kick(int timer, void *opaque)
{
    (void)timer;
    (void)opaque;
}

static void *run_loop(void *arg)
{
    struct libvirt_conn *conn = arg;

    while (!atomic_load(&conn->ending))
        if (virEventRunDefaultImpl() < 0)
            virResetLastError();
    return NULL;
}

/* --- the connection ---------------------------------------------------------- */

int libvirt_conn_new(const char *uri, const struct vm_watcher *watcher, struct libvirt_conn **ret,
                     struct err *err)
{
    struct libvirt_conn *conn = NULL;

    if (strlen(uri) >= sizeof(conn->uri))
        return err_set(err, ERR_INPUT, "libvirt uri: longer than %zu bytes", sizeof(conn->uri) - 1);
    virSetErrorFunc(NULL, ignore_error);
    if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0)
        return libvirt_fail(err, "cannot start libvirt's client");

    conn = mem_new(struct libvirt_conn);
    snprintf(conn->uri, sizeof(conn->uri), "%s", uri);
    conn->watcher = *watcher;
    conn->event = -1;
    pthread_mutex_init(&conn->lock, NULL);
    conn->kick = virEventAddTimeout(-1, on_kick, NULL, NULL);
    if (pthread_create(&conn->loop, NULL, run_loop, conn) != 0)
        abort(); /* out of threads before the first one */
    pthread_setname_np(conn->loop, "libvirt");
    *ret = conn;
    return 0;
}

static void drop(struct libvirt_conn *conn)
{
    if (conn->connection == NULL)
        return;
    if (conn->event >= 0)
        virConnectDomainEventDeregisterAny(conn->connection, conn->event);
    virConnectUnregisterCloseCallback(conn->connection, on_closed);
    virConnectClose(conn->connection);
    conn->connection = NULL;
    conn->event = -1;
}

void libvirt_conn_free(struct libvirt_conn *conn)
{
    if (conn == NULL)
        return;
    drop(conn);
    atomic_store(&conn->ending, true);
    virEventUpdateTimeout(conn->kick, 0);
    pthread_join(conn->loop, NULL);
    virEventRemoveTimeout(conn->kick);
    pthread_mutex_destroy(&conn->lock);
    free(conn);
}

static int open_connection(struct libvirt_conn *conn, struct err *err)
{
    atomic_store(&conn->dead, false);
    conn->connection = virConnectOpen(conn->uri);
    if (conn->connection == NULL)
        return fail_connect(conn, err);
    /* Drivers inside this process have neither keep-alives nor an end; that is no failure. */
    virConnectSetKeepAlive(conn->connection, KEEPALIVE_S, KEEPALIVE_MISSES);
    virConnectRegisterCloseCallback(conn->connection, on_closed, conn, NULL);
    conn->event =
        virConnectDomainEventRegisterAny(conn->connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                         VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), conn, NULL);
    return 0;
}

int libvirt_conn_get(struct libvirt_conn *conn, virConnectPtr *ret, struct err *err)
{
    int result = 0;

    pthread_mutex_lock(&conn->lock);
    if (conn->connection != NULL &&
        (atomic_load(&conn->dead) || virConnectIsAlive(conn->connection) != 1))
        drop(conn);
    if (conn->connection == NULL)
        result = open_connection(conn, err);
    if (result == 0) {
        virConnectRef(conn->connection);
        *ret = conn->connection;
    }
    pthread_mutex_unlock(&conn->lock);
    return result;
}

const char *libvirt_conn_uri(const struct libvirt_conn *conn)
{
    return conn->uri;
}
