// SPDX-License-Identifier: Apache-2.0
/* Page requests of devices (7.7, 9.4). */
#include "model/requests/page_request.h"

#include "model/logs/record.h"
#include "model/signals/signals.h"

static struct ppr_request record_of(const struct amdvi_device *device, const struct amdvi_page_request *rq)
{
    return (struct ppr_request){
        .device = rq->device,
        .has_pasid = rq->has_pasid,
        .pasid = rq->pasid,
        .read = rq->read,
        .write = rq->write,
        .exec = rq->execute,
        .last = rq->last,
        .user = rq->has_pasid && !(rq->privileged && reg_efr_ussup(device->env.efr)),
        .prg_index = rq->prg_index,
        .address = rq->address,
    };
}

static void respond(struct amdvi_device *device, const struct page_request_job *p, uint8_t code)
{
    const struct amdvi_page_request *rq = &p->request;
    struct amdvi_prg_response response = {.device = rq->device, .index = rq->prg_index, .code = code};

    response.has_pasid = rq->has_pasid && prg_carries_pasid(device, p->dte);
    response.pasid = response.has_pasid ? rq->pasid : 0;
    prg_respond(device, &response);
}

/* ---------------------------------------------------------------- refused */

/* Where the event of a refusal goes: to the guest whose PPREn refuses, else to the host, whoever owns the
 * device (viommu 8.1). */
static bool report_refusal(struct amdvi_device *device, struct page_request_job *p)
{
    bool *logged = &p->result.fault.logged;

    return p->guest ? guest_record(device, p->job, p->guest->id, AMDVI_LOG_EVENT, p->record, logged)
                    : event_report_raw(device, p->job, p->record, logged);
}

/* Whether the hardware answers; the record's RX says that it has (7.3, 9.4). */
static bool answers_refusal(const struct amdvi_device *device, const struct amdvi_page_request *rq)
{
    return device->config.value[CONFIG_PPR_REFUSED] != REFUSED_EVENT &&
           (rq->last || !device->config.value[CONFIG_PPR_REFUSE_RESPONSE]);
}

static void make_refusal(const struct amdvi_device *device, struct page_request_job *p)
{
    struct ppr_request body = record_of(device, &p->request);

    p->answer = answers_refusal(device, &p->request);
    body.answered = p->answer && device->config.value[CONFIG_PPR_REFUSED] == REFUSED_ANSWER_RX;
    if (p->guest)
        body.device = p->dte->guest_device;
    ppr_encode_invalid(&body, p->record);
    p->result.fault = (struct amdvi_fault){.reason = REASON_PPR_REFUSED,
                                           .event = EVT_INVALID_PPR_REQUEST,
                                           .reply = AMDVI_REPLY_ABORT,
                                           .flags = (uint16_t)evt_flags(p->record),
                                           .pasid = body.pasid,
                                           .address = p->record[1]};
}

static bool refuse(struct amdvi_device *device, struct page_request_job *p)
{
    STEPS_BEGIN(&p->way_steps);
    make_refusal(device, p);
    STEPS_WAIT(&p->way_steps, report_refusal(device, p));
    if (p->answer)
        respond(device, p, CMD_COMPLETE_PPR_RESPONSE_INVALID_REQUEST);
    STEPS_END(&p->way_steps);
}

/* ---------------------------------------------------------------- logged */

/* A guest's devices have the guest's PPREn (viommu 9.2). */
static bool ppr_enabled(const struct amdvi_device *device, const struct dte *dte)
{
    return reg_control_ppren(control(device)) ||
           (dte->vimu && !device->config.value[CONFIG_GUEST_PPR_ENABLE]);
}

static bool allowed(const struct amdvi_device *device, const struct dte *dte)
{
    if (!ppr_enabled(device, dte) || !dte->valid || !dte->tv || dte->verdict)
        return false;
    return dte->guest && (dte->ppr || !reg_efr_ephsup(device->env.efr));
}

/* PprAutoRspAon is bit 42 of the control register, or by choice 48 (viommu 11 #29). */
static bool auto_response_always_on(const struct amdvi_device *device)
{
    return control(device) >> device->config.value[CONFIG_AON_BIT] & 1;
}

static void drop(struct amdvi_page_request_result *result)
{
    result->fault = (struct amdvi_fault){.reason = REASON_PPR_DROPPED, .reply = AMDVI_REPLY_DROP};
}

/* 7.7: PprAutoRspAon answers every group, PprAutoRspEn those that a full log loses. */
static bool host_answers(const struct amdvi_device *device, bool lost)
{
    return auto_response_always_on(device) || (lost && reg_control_pprautorspen(control(device)));
}

static bool guest_answers(const struct guest *guest, bool lost)
{
    uint64_t control = guest->vfc[VFC_PPR_CONTROL];

    return vfc_ppr_control_pprautorspaon(control) || (lost && vfc_ppr_control_pprautorspen(control));
}

static void answer_automatically(struct amdvi_device *device, const struct page_request_job *p)
{
    bool lost = !p->result.ok;
    uint64_t code = p->guest ? vf_ppr_auto_response_code(p->guest->vf[VF_PPR_AUTO_RESPONSE])
                             : reg_ppr_auto_response_code(device->reg[REG_PPR_AUTO_RESPONSE]);

    if (p->request.last && (p->guest ? guest_answers(p->guest, lost) : host_answers(device, lost)))
        respond(device, p, (uint8_t)code);
}

static void make_record(const struct amdvi_device *device, struct page_request_job *p)
{
    struct ppr_request body = record_of(device, &p->request);

    if (p->guest)
        body.device = p->dte->guest_device;
    ppr_encode(&body, p->record);
}

static bool put_record(struct amdvi_device *device, struct page_request_job *p)
{
    const struct record host = {.log = AMDVI_LOG_PPR, .words = {p->record[0], p->record[1]}};

    return p->guest ? guest_record(device, p->job, p->guest->id, AMDVI_LOG_PPR, p->record, &p->result.ok)
                    : record_write(device, p->job, &host, &p->result.ok);
}

static bool log_request(struct amdvi_device *device, struct page_request_job *p)
{
    STEPS_BEGIN(&p->way_steps);
    make_record(device, p);
    STEPS_WAIT(&p->way_steps, put_record(device, p));
    if (!p->result.ok)
        drop(&p->result);
    answer_automatically(device, p);
    STEPS_END(&p->way_steps);
}

/* ---------------------------------------------------------------- which way */

/* A stop marker says that a PASID has nothing outstanding: a page request that asks for nothing (7.7). */
static bool is_stop_marker(const struct amdvi_page_request *rq)
{
    return rq->has_pasid && rq->last && !rq->read && !rq->write && !rq->execute;
}

/* Without a log a page request is dropped and leaves no record; by choice it is refused (15 D14). */
static bool refused_without_log(const struct amdvi_device *device, bool log_enabled)
{
    return !log_enabled && device->config.value[CONFIG_PPR_LOG_OFF];
}

static enum page_request_way way_to_host(const struct amdvi_device *device, const struct page_request_job *p)
{
    bool enabled = reg_control_pprlogen(control(device));

    if (refused_without_log(device, enabled))
        return PAGE_REQUEST_REFUSE;
    return !enabled || (reg_control_blkstopmrken(control(device)) && is_stop_marker(&p->request))
               ? PAGE_REQUEST_DROP
               : PAGE_REQUEST_LOG;
}

/* To the guest that owns the device, with the DeviceID it knows (viommu 8.1, 8.2). */
static enum page_request_way way_to_guest(const struct amdvi_device *device, struct page_request_job *p)
{
    uint64_t control;

    p->guest = guest_find(device, p->dte->guest_id);
    if (!p->guest)
        return PAGE_REQUEST_DROP;
    control = p->guest->vfc[VFC_PPR_CONTROL];
    if (!vfc_ppr_control_ppren(control) || refused_without_log(device, vfc_ppr_control_pprlogen(control)))
        return PAGE_REQUEST_REFUSE;
    return !vfc_ppr_control_pprlogen(control) ||
                   (vfc_ppr_control_blkstopmrken(control) && is_stop_marker(&p->request))
               ? PAGE_REQUEST_DROP
               : PAGE_REQUEST_LOG;
}

static enum page_request_way choose_way(const struct amdvi_device *device, struct page_request_job *p)
{
    p->dte = p->fetch.reason ? NULL : dtc_own(&p->fetch);
    if (!p->dte || !allowed(device, p->dte))
        return PAGE_REQUEST_REFUSE;
    return p->dte->vimu ? way_to_guest(device, p) : way_to_host(device, p);
}

bool page_request_step(struct amdvi_device *device, struct page_request_job *p)
{
    STEPS_BEGIN(&p->steps);
    device->statistics.page_requests++;
    p->way = PAGE_REQUEST_REFUSE;
    if (iommu_enabled(device)) {
        STEPS_WAIT(&p->steps, dtc_fetch(device, p->job, p->request.device, &p->fetch));
        p->way = (uint8_t)choose_way(device, p);
    }
    if (p->way == PAGE_REQUEST_REFUSE)
        STEPS_WAIT(&p->steps, refuse(device, p));
    else if (p->way == PAGE_REQUEST_LOG)
        STEPS_WAIT(&p->steps, log_request(device, p));
    else
        drop(&p->result);
    if (device->observed && device->observer.page_request)
        device->observer.page_request(device->observer.context, &p->request, &p->result);
    STEPS_END(&p->steps);
}

enum amdvi_status amdvi_page_request(struct amdvi_device *device, const struct amdvi_page_request *request,
                                     struct amdvi_page_request_result *result)
{
    struct page_request_job p;
    struct job job;

    if (!device || !request || !result || !page_request_legal(request))
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    tell_call(device, AMDVI_CALL_PAGE_REQUEST, 0);
    job_begin(device, &job);
    page_request_begin(&p, &job, request);
    page_request_step(device, &p);
    *result = p.result;
    return AMDVI_OK;
}
