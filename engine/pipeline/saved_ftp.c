/* Saving and loading what generation 4.0 knows of FTP: control connections, in the order of their last segments, and what was
 * announced and has not begun, in that of the announcements. */
#include "engine/pipeline/load.h"
#include "engine/pipeline/save.h"
#include "engine/pipeline/settle.h"

#include <stdlib.h>

static void save_tuple(struct saved_writer *w, const struct tuple *t)
{
    saved_put(w, t->address, sizeof t->address);
    saved_put32(w, t->port[0] | (uint32_t)t->port[1] << 16);
    saved_put8(w, (uint8_t)t->family);
}

static struct tuple load_tuple(struct saved_reader *r)
{
    struct tuple t = {0};
    saved_get(r, t.address, sizeof t.address);
    const uint32_t ports = saved_get32(r);
    t.port[0] = (uint16_t)ports;
    t.port[1] = (uint16_t)(ports >> 16);
    t.family = saved_get8(r);
    r->failed |= t.family >= ADDRESS_FAMILIES;
    return t;
}

static void save_control(struct saved_writer *w, const struct control *c)
{
    save_tuple(w, &c->tuple);
    saved_put8(w, c->state.known);
    saved_put8(w, c->state.completeness);
    for (unsigned i = 0; i < 2; i++) {
        const struct control_flow *f = &c->flow[i];
        saved_put32(w, c->state.isn[i]);
        saved_put32(w, f->next);
        saved_put32(w, f->acknowledged);
        saved_put64(w, (uint64_t)f->time);
        saved_put32(w, f->repeats);
        saved_put32(w, f->window);
    }
}

int load_controls(struct pipeline *p, struct saved_reader *r)
{
    while (!saved_is_done(r)) {
        struct control c = {.tuple = load_tuple(r)};
        c.state.known = saved_get8(r);
        c.state.completeness = saved_get8(r);
        for (unsigned i = 0; i < 2; i++) {
            struct control_flow *f = &c.flow[i];
            c.state.isn[i] = saved_get32(r);
            f->next = saved_get32(r);
            f->acknowledged = saved_get32(r);
            f->time = (int64_t)saved_get64(r);
            f->repeats = saved_get32(r);
            f->window = saved_get32(r);
        }
        if (!r->failed && control_restore(&p->controls, &c, &p->key))
            return -1;
    }
    return 0;
}

static int by_number(const void *a, const void *b)
{
    const struct announced *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* Of all shards. NULL when memory is short. */
static struct announced *find_announced(const struct pipeline *p, uint64_t *count)
{
    *count = 0;
    for (unsigned i = 0; i < p->params.threads * FAMILIES; i++)
        *count += p->workers[i / FAMILIES].shard.announced[i % FAMILIES].waiting;
    struct announced *all = malloc((*count + 1) * sizeof *all), *next = all;
    for (unsigned i = 0; all && i < p->params.threads * FAMILIES; i++) {
        const struct announced_table *t = &p->workers[i / FAMILIES].shard.announced[i % FAMILIES];
        for (uint64_t k = t->first; k != t->end; k++)
            if (!t->ring[k & (t->capacity - 1)].taken)
                *next++ = t->ring[k & (t->capacity - 1)];
    }
    if (all)
        qsort(all, *count, sizeof *all, by_number);
    return all;
}

static void save_announced(struct saving *s)
{
    uint64_t count;
    struct announced *all = find_announced(s->pipeline, &count);
    s->text.failed |= !all;
    for (uint64_t i = 0; all && i < count; i++) {
        save_tuple(&s->text, &all[i].half);
        saved_put64(&s->text, all[i].number);
        save_section(s, SECTION_ANNOUNCED, false);
    }
    save_section(s, SECTION_ANNOUNCED, true);
    free(all);
}

int load_announced(struct pipeline *p, struct saved_reader *r)
{
    while (!saved_is_done(r)) {
        const struct tuple half = load_tuple(r);
        const uint64_t number = saved_get64(r);
        r->failed |= number >= p->announced;
        if (r->failed)
            return 0;
        struct shard *s = &p->workers[settle_ftp_shard(p, &half)].shard;
        if (announced_add(&s->announced[half.family], &half, number))
            return -1;
    }
    return 0;
}

void save_ftp(struct saving *s)
{
    const struct control_table *t = &s->pipeline->controls;
    for (uint32_t at = t->oldest; at; at = t->items[at - 1].newer) {
        save_control(&s->text, &t->items[at - 1]);
        save_section(s, SECTION_CONTROLS, false);
    }
    save_section(s, SECTION_CONTROLS, true);
    save_announced(s);
}
