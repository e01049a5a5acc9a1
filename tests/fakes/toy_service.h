/* A toy service behind a real server on a free port of 127.0.0.1, for the tests of lib/httpd. */
#ifndef COCOS_TESTS_TOY_SERVICE_H
#define COCOS_TESTS_TOY_SERVICE_H

#include "lib/httpd/httpd.h"
#include "tests/fakes/https_client.h"

#include <pthread.h>
#include <stdatomic.h>

#define TOY_UPLOAD_MAX (64 * MIB)

struct toy {
    struct httpd *httpd;
    struct httpd_service service;
    struct metric_registry *metrics;
    struct https_identity server;
    uint16_t port;

    /* what the sink saw */
    atomic_int opened, finished, aborted, write_calls;
    _Atomic uint64_t written;
    atomic_bool fail_write; /* the next block cannot be written */
    atomic_uint slow_us;    /* for each block */

    /* what the file and event replies did */
    atomic_int released, files_sent;
    _Atomic uint64_t sent_from, sent_to;
    atomic_uint last_event;
    atomic_bool end_events;

    /* the gate of /v1/slow */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open_gate;
    atomic_int waiting;

    uint8_t expect[SHA256_SIZE]; /* with header X-Expect */
};

extern struct toy toy;

/* config may be NULL; listen and keys are filled in. */
void toy_start(const struct httpd_config *config);
void toy_stop(unsigned drain_ms);
void toy_open_gate(void);
/* The bytes of /v1/file (1 MiB + 7) from at on. */
void toy_file_block(uint64_t at, uint8_t *out, size_t len);

struct https_client *toy_connect(void);
/* Connects, sends the text, reads one reply, closes. */
void toy_ask(const char *text, struct https_reply *ret);
/* Waits until *counter is at least wanted; aborts after 10 s. */
void toy_await(const atomic_int *counter, int wanted, const char *what);

#define GOOD "Host: toy\r\nAuthorization: Bearer good\r\n"

#endif
