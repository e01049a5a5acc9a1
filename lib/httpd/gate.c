#include "lib/httpd/internal.h"

void httpd_gate_init(struct httpd_gate *gate)
{
    *gate = (struct httpd_gate){0};
    pthread_mutex_init(&gate->lock, NULL);
}

void httpd_gate_done(struct httpd_gate *gate)
{
    pthread_mutex_destroy(&gate->lock);
}

/* Flag and suspension change under one lock, or a ring between them would be lost and the
 * connection would sleep forever. */
bool httpd_gate_sleep(struct httpd_gate *gate, struct MHD_Connection *mhd)
{
    bool sleeps;

    pthread_mutex_lock(&gate->lock);
    sleeps = !gate->rang;
    gate->rang = false;
    if (sleeps) {
        gate->asleep = true;
        MHD_suspend_connection(mhd);
    }
    pthread_mutex_unlock(&gate->lock);
    return sleeps;
}

void httpd_gate_ring(struct httpd_gate *gate, struct MHD_Connection *mhd)
{
    pthread_mutex_lock(&gate->lock);
    if (gate->asleep)
        MHD_resume_connection(mhd);
    else
        gate->rang = true;
    gate->asleep = false;
    pthread_mutex_unlock(&gate->lock);
}
