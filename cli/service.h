/* Telling the service manager that started the process (systemd, Type=notify) how the run does. Where none did, all of this
 * does nothing. */
#ifndef TCPREUSE_SERVICE_H
#define TCPREUSE_SERVICE_H

#include "engine/pipeline.h"

struct service;

/* Before the process is confined, since it takes a socket. NULL: there is nobody to be told, or no memory for it. */
struct service *service_open(void);
/* The run begins: all is open. If the manager wants to be told again and again (WatchdogSec), a thread does, as long as all
 * workers of the pipeline go round. NULL is fine. */
void service_begin(struct service *s, struct pipeline *pipeline);
/* The run has ended, and what it found is written now; or it never began. NULL is fine. */
void service_end(struct service *s);

#endif
