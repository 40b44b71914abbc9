// SPDX-License-Identifier: Apache-2.0
/* Page requests of devices (7.7, 9.4). */
#include "model/guests/guest.h"
#include "model/requests/request.h"

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

static void respond(struct amdvi_device *device, const struct amdvi_page_request *rq, const struct dte *dte,
                    uint8_t code)
{
    struct amdvi_prg_response response = {.device = rq->device, .index = rq->prg_index, .code = code};

    response.has_pasid = rq->has_pasid && prg_carries_pasid(device, dte);
    response.pasid = response.has_pasid ? rq->pasid : 0;
    prg_respond(device, &response);
}

/* Where the event of a refusal goes: to the guest whose PPREn refuses, else to the host, whoever owns the
 * device (viommu 8.1). */
static bool report_refusal(struct amdvi_device *device, struct guest *guest, const uint64_t record[2])
{
    return guest ? guest_log_append(device, guest, AMDVI_LOG_EVENT, record)
                 : event_report_raw(device, record);
}

/* Whether the hardware answers; the record's RX says that it has (7.3, 9.4). */
static bool answers_refusal(const struct amdvi_device *device, const struct amdvi_page_request *rq)
{
    return device->config.value[CONFIG_PPR_REFUSED] != REFUSED_EVENT &&
           (rq->last || !device->config.value[CONFIG_PPR_REFUSE_RESPONSE]);
}

static void refuse(struct amdvi_device *device, const struct amdvi_page_request *rq, const struct dte *dte,
                   struct guest *guest, struct amdvi_page_request_result *result)
{
    struct ppr_request body = record_of(device, rq);
    bool answer = answers_refusal(device, rq);
    uint64_t record[2];

    body.answered = answer && device->config.value[CONFIG_PPR_REFUSED] == REFUSED_ANSWER_RX;
    if (guest)
        body.device = dte->guest_device;
    ppr_encode_invalid(&body, record);
    result->fault = (struct amdvi_fault){.reason = REASON_PPR_REFUSED,
                                         .event = EVT_INVALID_PPR_REQUEST,
                                         .reply = AMDVI_REPLY_ABORT,
                                         .flags = (uint16_t)evt_flags(record),
                                         .pasid = body.pasid,
                                         .address = record[1]};
    result->fault.logged = report_refusal(device, guest, record);
    if (answer)
        respond(device, rq, dte, CMD_COMPLETE_PPR_RESPONSE_INVALID_REQUEST);
}

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

/* viommu 11 #29. */
static bool auto_response_always_on(const struct amdvi_device *device)
{
    return control(device) >> device->config.value[CONFIG_AON_BIT] & 1;
}

/* 7.7: PprAutoRspAon answers every group, PprAutoRspEn those that a full log loses. */
static void answer_automatically(struct amdvi_device *device, const struct amdvi_page_request *rq,
                                 const struct dte *dte, bool lost)
{
    bool answer = lost && reg_control_pprautorspen(control(device));

    if (rq->last && (auto_response_always_on(device) || answer))
        respond(device, rq, dte, (uint8_t)reg_ppr_auto_response_code(device->reg[REG_PPR_AUTO_RESPONSE]));
}

static void drop(struct amdvi_page_request_result *result)
{
    result->fault = (struct amdvi_fault){.reason = REASON_PPR_DROPPED, .reply = AMDVI_REPLY_DROP};
}

/* A stop marker says that a PASID has nothing outstanding: a page request that asks for nothing (7.7). */
static bool is_stop_marker(const struct amdvi_page_request *rq)
{
    return rq->has_pasid && rq->last && !rq->read && !rq->write && !rq->execute;
}

/* 15 D14. */
static bool refused_without_log(const struct amdvi_device *device, bool log_enabled)
{
    return !log_enabled && device->config.value[CONFIG_PPR_LOG_OFF];
}

/* To the guest that owns the device, with the DeviceID it knows (viommu 8.1, 8.2). */
static void log_guest_request(struct amdvi_device *device, const struct amdvi_page_request *rq,
                              const struct dte *dte, struct amdvi_page_request_result *result)
{
    struct guest *guest = guest_find(device, dte->guest_id);
    struct ppr_request body = record_of(device, rq);
    uint64_t control = guest ? guest->vfc[VFC_PPR_CONTROL] : 0, record[2], code;

    if (!vfc_ppr_control_ppren(control)) {
        if (guest)
            refuse(device, rq, dte, guest, result);
        else
            drop(result);
        return;
    }
    if (refused_without_log(device, vfc_ppr_control_pprlogen(control))) {
        refuse(device, rq, dte, guest, result);
        return;
    }
    body.device = dte->guest_device;
    ppr_encode(&body, record);
    if (!vfc_ppr_control_pprlogen(control) || (vfc_ppr_control_blkstopmrken(control) && is_stop_marker(rq))) {
        drop(result);
        return;
    }
    result->ok = guest_log_append(device, guest, AMDVI_LOG_PPR, record);
    if (!result->ok)
        drop(result);
    code = vf_ppr_auto_response_code(guest->vf[VF_PPR_AUTO_RESPONSE]);
    if (rq->last &&
        (vfc_ppr_control_pprautorspaon(control) || (!result->ok && vfc_ppr_control_pprautorspen(control))))
        respond(device, rq, dte, (uint8_t)code);
}

static void log_request(struct amdvi_device *device, const struct amdvi_page_request *rq,
                        const struct dte *dte, struct amdvi_page_request_result *result)
{
    struct ppr_request body = record_of(device, rq);
    uint64_t record[2];

    ppr_encode(&body, record);
    if (refused_without_log(device, reg_control_pprlogen(control(device)))) {
        refuse(device, rq, dte, NULL, result);
        return;
    }
    if (!reg_control_pprlogen(control(device)) ||
        (reg_control_blkstopmrken(control(device)) && is_stop_marker(rq))) {
        drop(result);
        return;
    }
    result->ok = log_append(device, AMDVI_LOG_PPR, record);
    if (!result->ok)
        drop(result);
    answer_automatically(device, rq, dte, !result->ok);
}

bool page_request_legal(const struct amdvi_page_request *request)
{
    return request->pasid < 1u << 20 && request->prg_index < 1u << 9;
}

static void handle(struct amdvi_device *device, const struct amdvi_page_request *request,
                   struct amdvi_page_request_result *result)
{
    struct dte_fetch fetch = {.asked = false};
    struct job job;

    if (!iommu_enabled(device)) {
        refuse(device, request, NULL, NULL, result);
        return;
    }
    job_begin(device, &job);
    dtc_fetch(device, &job, request->device, &fetch);
    if (fetch.reason || !allowed(device, fetch.dte))
        refuse(device, request, fetch.reason ? NULL : fetch.dte, NULL, result);
    else if (fetch.dte->vimu)
        log_guest_request(device, request, fetch.dte, result);
    else
        log_request(device, request, fetch.dte, result);
}

enum amdvi_status amdvi_page_request(struct amdvi_device *device, const struct amdvi_page_request *request,
                                     struct amdvi_page_request_result *result)
{
    if (!device || !request || !result || !page_request_legal(request))
        return AMDVI_ERR_ARGUMENT;
    tell_call(device, AMDVI_CALL_PAGE_REQUEST, 0);
    *result = (struct amdvi_page_request_result){0};
    device->statistics.page_requests++;
    handle(device, request, result);
    if (device->observed && device->observer.page_request)
        device->observer.page_request(device->observer.context, request, result);
    return AMDVI_OK;
}
