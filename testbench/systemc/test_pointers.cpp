// SPDX-License-Identifier: Apache-2.0
/* Direct memory pointers: what is granted, and that everything that takes a translation back takes them back
 * first. */
#include "testbench/systemc/scene.h"

#include <amdvi/layout.h>

using namespace testbench;
using amdvi::dma_extension;

namespace
{

struct pointers : scene {
    explicit pointers(const amdvi::iommu_options &options = {}) : scene(options)
    {
        memory.grants = memory.hints = true;
        memory.latency = sc_core::sc_time(7, sc_core::SC_NS);
    }
    bool ask(std::uint64_t address, tlm::tlm_dmi &dmi, tlm::tlm_command command = tlm::TLM_READ_COMMAND,
             dma_extension *who = nullptr, unsigned port = 0)
    {
        tlm::tlm_generic_payload p;
        unsigned char data[4];

        hand<32>::fill(p, command, address, data, 4);
        p.set_extension(who);
        const bool granted = device(port).socket->get_direct_mem_ptr(p, dmi);
        CHECK(p.get_address() == address);
        p.clear_extension(who);
        return granted;
    }
    bool held(std::uint64_t address = 0x10000, unsigned port = 0)
    {
        tlm::tlm_dmi dmi;

        device(port).revoked.clear();
        return ask(address, dmi, tlm::TLM_READ_COMMAND, nullptr, port);
    }
    bool revoked(std::uint64_t address = 0x10000, unsigned port = 0)
    {
        for (const auto &[first, last] : device(port).revoked)
            if (first <= address && address <= last)
                return true;
        return false;
    }
};

void a_pointer_leads_to_the_page()
{
    pointers s;
    tlm::tlm_dmi dmi;

    CHECK(s.ask(0x10123, dmi));
    CHECK(dmi.get_start_address() == 0x10000 && dmi.get_end_address() == 0x10fff);
    CHECK(dmi.get_dmi_ptr() == s.memory.bytes.data() + AT_DATA + 5 * PAGE);
    CHECK(dmi.is_read_write_allowed() && dmi.get_read_latency() == s.memory.latency);
}

void no_more_than_translation_and_target_give()
{
    pointers s;
    tlm::tlm_dmi dmi;

    CHECK(s.ask(0x12000, dmi) && dmi.is_read_allowed() && !dmi.is_write_allowed());
    CHECK(!s.ask(0x12000, dmi, tlm::TLM_WRITE_COMMAND) && dmi.is_none_allowed());
    CHECK(!s.ask(0x50000, dmi));
    s.memory.grants_writes = false;
    CHECK(s.ask(0x10000, dmi) && !dmi.is_write_allowed());
    CHECK(!s.ask(0x10000, dmi, tlm::TLM_WRITE_COMMAND));
    s.memory.grants_writes = true;
    s.memory.grant_first = AT_DATA + 5 * PAGE + 0x100;
    s.memory.grant_last = AT_DATA + 5 * PAGE + 0x2ff;
    CHECK(s.ask(0x10123, dmi) && dmi.get_start_address() == 0x10100 && dmi.get_end_address() == 0x102ff);
    CHECK(dmi.get_dmi_ptr() == s.memory.bytes.data() + AT_DATA + 5 * PAGE + 0x100);
    CHECK(!s.ask(0x10000, dmi));
}

void a_large_page_is_granted_whole()
{
    pointers s;
    tlm::tlm_dmi dmi;

    s.world.map(s.root, 0x400000, AT_DATA, 3, 2);
    CHECK(s.ask(0x4abcde, dmi) && dmi.get_start_address() == 0x400000 && dmi.get_end_address() == 0x5fffff);
}

void devices_are_told_apart()
{
    pointers s;
    tlm::tlm_dmi dmi;
    dma_extension who;

    s.world.map(s.world.device(9, 2), 0x10000, AT_DATA + 11 * PAGE);
    who.device_id = 9;
    CHECK(s.ask(0x10000, dmi, tlm::TLM_READ_COMMAND, &who));
    CHECK(dmi.get_dmi_ptr() == s.memory.bytes.data() + AT_DATA + 11 * PAGE);
}

void asking_leaves_no_trace()
{
    pointers s;
    tlm::tlm_dmi dmi;
    amdvi_statistics before, after;
    const std::vector<unsigned char> tables = s.tables.bytes;
    const std::uint64_t blocking = s.tables.blocking;

    amdvi_get_statistics(s.iommu.device(), &before);
    CHECK(s.ask(0x10000, dmi) && !s.ask(0x50000, dmi));
    amdvi_get_statistics(s.iommu.device(), &after);
    CHECK(std::memcmp(&before, &after, sizeof(before)) == 0);
    CHECK(s.tables.bytes == tables && s.tables.blocking == blocking && s.tables.debug > 0);
}

void while_the_iommu_is_off_the_target_decides()
{
    pointers s;
    tlm::tlm_dmi dmi;

    s.world.control({{"IommuEn", 0}});
    s.memory.grant_first = 0x2000;
    CHECK(s.ask(0x5000, dmi) && dmi.get_start_address() == 0x2000 &&
          dmi.get_end_address() == s.memory.bytes.size() - 1);
    s.device().revoked.clear();
    s.world.control({{"IommuEn", 1}});
    CHECK(s.revoked(0x5000));
}

void no_pointer_where_bits_still_change()
{
    pointers s;
    tlm::tlm_dmi dmi;
    std::uint32_t value = 0;

    s.world.set_device(0, {{"HAD", 3}});
    s.world.control({{"HADUpdate", 3}});
    CHECK(!s.ask(0x10000, dmi));
    s.device().transfer(tlm::TLM_READ_COMMAND, 0x10000, &value, 4);
    CHECK(s.ask(0x10000, dmi) && !dmi.is_write_allowed());
    CHECK(!s.ask(0x10000, dmi, tlm::TLM_WRITE_COMMAND));
    s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x10000, &value, 4);
    CHECK(s.ask(0x10000, dmi, tlm::TLM_WRITE_COMMAND) && dmi.is_read_write_allowed());
}

void no_pointer_for_interrupts_and_translations()
{
    pointers s;
    tlm::tlm_dmi dmi;
    dma_extension who;

    s.world.set_device(0, {{"V", 0}});
    s.world.invalidate_device(0);
    s.world.wait();
    CHECK(!s.ask(0xfee00000, dmi, tlm::TLM_WRITE_COMMAND));
    CHECK(s.ask(0x10000, dmi));
    who.type = dma_extension::address_type::translation_request;
    CHECK(!s.ask(0x10000, dmi, tlm::TLM_READ_COMMAND, &who));
}

void no_pointer_while_somebody_listens()
{
    pointers s;
    tlm::tlm_dmi dmi;
    amdvi_observer observer{};
    std::uint32_t value;
    tlm::tlm_generic_payload p;
    sc_core::sc_time none;

    CHECK(s.held());
    observer.command = [](void *, const amdvi_command_info *) {};
    s.iommu.observe(observer);
    CHECK(!s.revoked() && s.held());
    observer.request = [](void *, const amdvi_request *, const amdvi_result *) {};
    s.iommu.observe(observer);
    CHECK(s.revoked() && !s.held());
    hand<32>::fill(p, tlm::TLM_READ_COMMAND, 0x10000, &value, 4);
    s.device().socket->b_transport(p, none);
    CHECK(!p.is_dmi_allowed());
    s.iommu.observe(amdvi_observer{});
    CHECK(s.held());
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    s.device().socket->b_transport(p, none);
    CHECK(p.is_dmi_allowed());
}

/* Who asks again while a pointer is taken from him gets none, and the observer can still be taken off. */
void asking_while_one_is_taken_back_changes_nothing()
{
    pointers s;
    tlm::tlm_dmi dmi;
    amdvi_observer observer{};
    unsigned commands = 0;
    bool granted = false;

    observer.context = &commands;
    observer.command = [](void *context, const amdvi_command_info *) { ++*static_cast<unsigned *>(context); };
    s.iommu.observe(observer);
    CHECK(s.held());
    s.device().on_revoke = [&] { granted |= s.ask(0x10000, dmi); };
    s.world.invalidate_page(1, 0x10000);
    CHECK(s.world.stored(s.world.wait()));
    CHECK(s.revoked() && !granted && commands == 2);
    s.device().on_revoke = nullptr;
    CHECK(s.held());
    s.iommu.observe(amdvi_observer{});
    s.world.wait();
    CHECK(commands == 2);
}

void the_hint_is_the_targets()
{
    pointers s;
    std::uint32_t value;
    tlm::tlm_generic_payload p;
    sc_core::sc_time none;

    for (bool hint : {true, false}) {
        s.memory.hints = hint;
        hand<32>::fill(p, tlm::TLM_READ_COMMAND, 0x10000, &value, 4);
        s.device().socket->b_transport(p, none);
        CHECK(p.is_dmi_allowed() == hint);
    }
}

/* ---------------------------------------------------------------- taking back */

/* Each kind of command, alone: the pointer is gone before the COMPLETION_WAIT behind it has stored. */
template <typename GIVE> void revokes(pointers &s, const char *what, GIVE give)
{
    bool early = true;

    CHECK_MESSAGE(s.held(), what);
    give();
    s.device().on_revoke = [&] { early &= s.tables.peek<std::uint64_t>(AT_STORE) == 0; };
    s.tables.poke<std::uint64_t>(AT_STORE, 0);
    CHECK_MESSAGE(s.world.stored(s.world.wait()), what);
    CHECK_MESSAGE(s.revoked() && early, what);
    s.device().on_revoke = nullptr;
}

void every_covering_command_revokes()
{
    pointers s;
    world &w = s.world;
    constexpr std::uint64_t all = 0x7ffffffffffff000;

    revokes(s, "page", [&] { w.invalidate_page(1, 0x10000); });
    revokes(s, "range", [&] {
        w.command("cmd_inv_pages", {{"DomainID", 1}, {"Address", 0x13000}, {"S", 1}});
    });
    revokes(s, "domain", [&] { w.command("cmd_inv_pages", {{"DomainID", 1}, {"Address", all}, {"S", 1}}); });
    revokes(s, "domain, tables", [&] {
        w.command("cmd_inv_pages", {{"DomainID", 1}, {"Address", all}, {"S", 1}, {"PDE", 1}});
    });
    revokes(s, "entry", [&] { w.invalidate_device(0); });
    revokes(s, "all", [&] { w.command("cmd_inv_all", {}); });
    revokes(s, "device", [&] { w.command("cmd_inv_iotlb", {{"Address", all}, {"S", 1}}); });
}

void a_command_for_a_part_of_a_large_page_revokes()
{
    pointers s;
    tlm::tlm_dmi dmi;

    s.world.map(s.root, 0x400000, AT_DATA, 3, 2);
    s.memory.grant_last = AT_DATA + 0xfff; /* only its first page */
    CHECK(s.ask(0x400000, dmi) && dmi.get_end_address() == 0x400fff);
    s.device().revoked.clear();
    s.world.invalidate_page(1, 0x5ff000);
    s.world.wait();
    CHECK(s.revoked(0x400000));
}

void other_commands_revoke_nothing()
{
    pointers s;

    CHECK(s.held());
    s.world.wait();
    s.world.command("cmd_inv_intr", {});
    s.world.command("cmd_inv_pages", {{"DomainID", 1}, {"Address", 0x70000}});
    s.world.invalidate_device(5);
    s.world.wait();
    CHECK(!s.revoked());
}

void commands_for_guest_addresses_revoke()
{
    pointers s;
    dma_extension who;
    tlm::tlm_dmi dmi;
    std::uint32_t value = 1;
    const std::uint64_t gcr3 = s.world.guest(0);
    constexpr std::uint64_t all = 0x7ffffffffffff000;

    s.map_heap();
    s.world.guest_map(gcr3, 3, 0x7000, 0x10000);
    who.has_pasid = true;
    who.pasid = 3;
    CHECK(!s.ask(0x7000, dmi, tlm::TLM_READ_COMMAND, &who)); /* the A bit is not set yet */
    s.device().transfer(tlm::TLM_WRITE_COMMAND, 0x7000, &value, 4, &who);
    CHECK(s.ask(0x7000, dmi, tlm::TLM_READ_COMMAND, &who));
    s.world.command("cmd_inv_pages", {{"DomainID", 1}, {"Address", 0x7000}, {"GN", 1}, {"PASID", 3}});
    s.world.wait();
    CHECK(s.revoked(0x7000));
    CHECK(s.ask(0x7000, dmi, tlm::TLM_READ_COMMAND, &who));
    s.device().revoked.clear();
    s.world.invalidate_page(1, 0x10000); /* the host's page below it */
    s.world.wait();
    CHECK(s.revoked(0x7000));
    CHECK(s.ask(0x7000, dmi, tlm::TLM_READ_COMMAND, &who));
    s.device().revoked.clear();
    s.world.command("cmd_inv_pages", {{"DomainID", 1}, {"Address", all}, {"S", 1}, {"GN", 1}, {"PASID", 3}});
    s.world.wait();
    CHECK(s.revoked(0x7000));
}

void registers_that_enable_revoke()
{
    pointers s;

    for (const char *name : {"control", "devtab_base", "exclusion_base", "exclusion_limit"}) {
        const std::uint64_t offset = amdvi_register_find(name)->offset;
        CHECK_MESSAGE(s.held(), name);
        s.cpu.write(offset, s.cpu.read<std::uint64_t>(offset));
        CHECK_MESSAGE(s.revoked(), name);
    }
    CHECK(s.held());
    s.cpu.write<std::uint64_t>(amdvi_register_find("event_head")->offset, 0);
    s.cpu.write<std::uint64_t>(amdvi_register_find("status")->offset, ~std::uint64_t(0));
    CHECK(!s.revoked());
    s.pci.write<std::uint32_t>(4, 0);
    CHECK(s.revoked());
    CHECK(s.held());
    s.vfc.write<std::uint64_t>(0x10, 0);
    CHECK(s.revoked());
    CHECK(s.held());
    s.iommu.reset();
    CHECK(s.revoked());
}

void the_target_may_take_back()
{
    pointers s;

    CHECK(s.held());
    s.memory.revoke(AT_DATA + 6 * PAGE, AT_DATA + 9 * PAGE);
    CHECK(!s.revoked());
    s.memory.revoke(AT_DATA + 5 * PAGE + 0x800, AT_DATA + 9 * PAGE);
    CHECK(s.revoked());
    s.device().revoked.clear();
    s.memory.revoke(0, ~std::uint64_t(0));
    CHECK(!s.revoked()); /* nobody holds it any more */
}

void only_ports_that_hold_one_hear()
{
    amdvi::iommu_options options;
    options.ports = 2;
    pointers s(options);

    CHECK(s.held(0x10000, 0));
    s.device(1).revoked.clear();
    s.world.invalidate_page(1, 0x10000);
    s.world.wait();
    CHECK(s.revoked(0x10000, 0) && s.device(1).revoked.empty());
}

void exclusion_cuts_pages()
{
    pointers s;
    tlm::tlm_dmi dmi;

    s.world.map(s.root, 0x400000, AT_DATA, 3, 2);
    s.cpu.write<std::uint64_t>(amdvi_register_find("exclusion_limit")->offset, 0x480000);
    s.cpu.write<std::uint64_t>(amdvi_register_find("exclusion_base")->offset, 0x480000 | 3);
    CHECK(s.ask(0x4abcde, dmi) && dmi.get_start_address() == 0x4ab000 && dmi.get_end_address() == 0x4abfff);
    CHECK(s.ask(0x480000, dmi) && dmi.get_dmi_ptr() == s.memory.bytes.data() + 0x480000);
}

} // namespace

int main(int argc, char **argv)
{
    return run_cases(
        argc, argv,
        {CASE(a_pointer_leads_to_the_page), CASE(no_more_than_translation_and_target_give),
         CASE(a_large_page_is_granted_whole), CASE(devices_are_told_apart), CASE(asking_leaves_no_trace),
         CASE(while_the_iommu_is_off_the_target_decides), CASE(no_pointer_where_bits_still_change),
         CASE(no_pointer_for_interrupts_and_translations), CASE(no_pointer_while_somebody_listens),
         CASE(asking_while_one_is_taken_back_changes_nothing), CASE(the_hint_is_the_targets),
         CASE(every_covering_command_revokes), CASE(a_command_for_a_part_of_a_large_page_revokes),
         CASE(other_commands_revoke_nothing), CASE(commands_for_guest_addresses_revoke),
         CASE(registers_that_enable_revoke), CASE(the_target_may_take_back),
         CASE(only_ports_that_hold_one_hear), CASE(exclusion_cuts_pages)});
}
