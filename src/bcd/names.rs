//! What bcdedit calls things, for people who know it or look for its words.
//!
//! Elements by Microsoft's page "BCD settings and BitLocker", the boot manager's by
//! `bcdedit /?`. What is in no table has no name here either.

use super::{ElementId, Guid, ObjectKind};

/// A code and its name.
type Named = (u32, &'static str);

/// Of every object.
const LIBRARY: &[Named] = &[
    (0x1100_0001, "device"),
    (0x1200_0002, "path"),
    (0x1200_0004, "description"),
    (0x1200_0005, "locale"),
    (0x1200_0016, "targetname"),
    (0x1200_0019, "busparams"),
    (0x1200_001d, "key"),
    (0x1200_0030, "loadoptions"),
    (0x1200_004a, "fontpath"),
    (0x1400_0006, "inherit"),
    (0x1400_0008, "recoverysequence"),
    (0x1500_0007, "truncatememory"),
    (0x1500_000c, "firstmegabytepolicy"),
    (0x1500_000d, "relocatephysical"),
    (0x1500_000e, "avoidlowmemory"),
    (0x1500_0011, "debugtype"),
    (0x1500_0012, "debugaddress"),
    (0x1500_0013, "debugport"),
    (0x1500_0014, "baudrate"),
    (0x1500_0015, "channel"),
    (0x1500_0018, "debugstart"),
    (0x1500_001a, "hostip"),
    (0x1500_001b, "port"),
    (0x1500_0022, "emsport"),
    (0x1500_0023, "emsbaudrate"),
    (0x1500_0042, "keyringaddress"),
    (0x1500_0047, "configaccesspolicy"),
    (0x1500_004b, "integrityservices"),
    (0x1500_004c, "volumebandid"),
    (0x1500_0051, "initialconsoleinput"),
    (0x1500_0052, "graphicsresolution"),
    (0x1500_0065, "displaymessage"),
    (0x1500_0066, "displaymessageoverride"),
    (0x1500_0081, "logcontrol"),
    (0x1600_0009, "recoveryenabled"),
    (0x1600_000b, "badmemoryaccess"),
    (0x1600_000f, "traditionalkseg"),
    (0x1600_0010, "bootdebug"),
    (0x1600_0017, "noumex"),
    (0x1600_001c, "dhcp"),
    (0x1600_001e, "vm"),
    (0x1600_0020, "bootems"),
    (0x1600_0040, "advancedoptions"),
    (0x1600_0041, "optionsedit"),
    (0x1600_0046, "graphicsmodedisabled"),
    (0x1600_0048, "nointegritychecks"),
    (0x1600_0049, "testsigning"),
    (0x1600_0050, "extendedinput"),
    (0x1600_0053, "restartonfailure"),
    (0x1600_0054, "highestmode"),
    (0x1600_0060, "isolatedcontext"),
    (0x1600_006c, "bootuxdisabled"),
    (0x1600_0072, "nokeyboard"),
    (0x1600_0074, "bootshutdowndisabled"),
    (0x1600_007b, "forcefipscrypto"),
    (0x1700_000a, "badmemorylist"),
    (0x1700_0077, "allowedinmemorysettings"),
    (0x2200_0040, "fverecoveryurl"),
    (0x2200_0041, "fverecoverymessage"),
];

const DEVICE: &[Named] = &[
    (0x3100_0003, "ramdisksdidevice"),
    (0x3200_0004, "ramdisksdipath"),
    (0x3500_0001, "ramdiskimageoffset"),
    (0x3500_0002, "ramdisktftpclientport"),
    (0x3500_0005, "ramdiskimagelength"),
    (0x3500_0007, "ramdisktftpblocksize"),
    (0x3500_0008, "ramdisktftpwindowsize"),
    (0x3600_0006, "exportascd"),
    (0x3600_0009, "ramdiskmcenabled"),
    (0x3600_000a, "ramdiskmctftpfallback"),
    (0x3600_000b, "ramdisktftpvarwindow"),
];

const BOOT_MANAGER: &[Named] = &[
    (0x2100_0022, "bcddevice"),
    (0x2200_0023, "bcdfilepath"),
    (0x2300_0003, "default"),
    (0x2300_0006, "resumeobject"),
    (0x2400_0001, "displayorder"),
    (0x2400_0002, "bootsequence"),
    (0x2400_0010, "toolsdisplayorder"),
    (0x2500_0004, "timeout"),
    (0x2600_0005, "resume"),
    (0x2600_0020, "displaybootmenu"),
    (0x2600_0021, "noerrordisplay"),
];

const LOADER: &[Named] = &[
    (0x2100_0001, "osdevice"),
    (0x2200_0002, "systemroot"),
    (0x2200_0011, "kernel"),
    (0x2200_0012, "hal"),
    (0x2200_0013, "dbgtransport"),
    (0x2200_0053, "evstore"),
    (0x2200_00f9, "hypervisorbusparams"),
    (0x2200_0110, "hypervisorusekey"),
    (0x2300_0003, "resumeobject"),
    (0x2500_0020, "nx"),
    (0x2500_0021, "pae"),
    (0x2500_0031, "removememory"),
    (0x2500_0032, "increaseuserva"),
    (0x2500_0033, "perfmem"),
    (0x2500_0050, "clustermodeaddressing"),
    (0x2500_0052, "restrictapiccluster"),
    (0x2500_0055, "x2apicpolicy"),
    (0x2500_0061, "numproc"),
    (0x2500_0063, "configflags"),
    (0x2500_0066, "groupsize"),
    (0x2500_0071, "msi"),
    (0x2500_0072, "pciexpress"),
    (0x2500_0080, "safeboot"),
    (0x2500_00a6, "tscsyncpolicy"),
    (0x2500_00c1, "driverloadfailurepolicy"),
    (0x2500_00c2, "bootmenupolicy"),
    (0x2500_00e0, "bootstatuspolicy"),
    (0x2500_00f0, "hypervisorlaunchtype"),
    (0x2500_00f3, "hypervisordebugtype"),
    (0x2500_00f4, "hypervisordebugport"),
    (0x2500_00f5, "hypervisorbaudrate"),
    (0x2500_00f6, "hypervisorchannel"),
    (0x2500_00f7, "bootux"),
    (0x2500_00fa, "hypervisornumproc"),
    (0x2500_00fb, "hypervisorrootprocpernode"),
    (0x2500_00fd, "hypervisorhostip"),
    (0x2500_00fe, "hypervisorhostport"),
    (0x2500_0100, "tpmbootentropy"),
    (0x2500_0113, "hypervisorrootproc"),
    (0x2500_0115, "hypervisoriommupolicy"),
    (0x2500_0120, "xsavepolicy"),
    (0x2500_0121, "xsaveaddfeature0"),
    (0x2500_0122, "xsaveaddfeature1"),
    (0x2500_0123, "xsaveaddfeature2"),
    (0x2500_0124, "xsaveaddfeature3"),
    (0x2500_0125, "xsaveaddfeature4"),
    (0x2500_0126, "xsaveaddfeature5"),
    (0x2500_0127, "xsaveaddfeature6"),
    (0x2500_0128, "xsaveaddfeature7"),
    (0x2500_0129, "xsaveremovefeature"),
    (0x2500_012a, "xsaveprocessorsmask"),
    (0x2500_012b, "xsavedisable"),
    (0x2500_0130, "claimedtpmcounter"),
    (0x2600_0004, "stampdisks"),
    (0x2600_0010, "detecthal"),
    (0x2600_0022, "winpe"),
    (0x2600_0024, "nocrashautoreboot"),
    (0x2600_0025, "lastknowngood"),
    (0x2600_0030, "nolowmem"),
    (0x2600_0040, "vga"),
    (0x2600_0041, "quietboot"),
    (0x2600_0042, "novesa"),
    (0x2600_0043, "novga"),
    (0x2600_0051, "usephysicaldestination"),
    (0x2600_0054, "uselegacyapicmode"),
    (0x2600_0060, "onecpu"),
    (0x2600_0062, "maxproc"),
    (0x2600_0064, "maxgroup"),
    (0x2600_0065, "groupaware"),
    (0x2600_0070, "usefirmwarepcisettings"),
    (0x2600_0081, "safebootalternateshell"),
    (0x2600_0090, "bootlog"),
    (0x2600_0091, "sos"),
    (0x2600_00a0, "debug"),
    (0x2600_00a1, "halbreakpoint"),
    (0x2600_00a2, "useplatformclock"),
    (0x2600_00a3, "forcelegacyplatform"),
    (0x2600_00a4, "useplatformtick"),
    (0x2600_00a5, "disabledynamictick"),
    (0x2600_00b0, "ems"),
    (0x2600_00c3, "onetimeadvancedoptions"),
    (0x2600_00c4, "onetimeoptionsedit"),
    (0x2600_00e1, "disableelamdrivers"),
    (0x2600_00f2, "hypervisordebug"),
    (0x2600_00f8, "hypervisordisableslat"),
    (0x2600_00fc, "hypervisoruselargevtlb"),
    (0x2600_0114, "hypervisordhcp"),
    (0x2600_0116, "hypervisorusevapic"),
];

const RESUME: &[Named] = &[
    (0x2100_0001, "filedevice"),
    (0x2100_0005, "associatedosdevice"),
    (0x2200_0002, "filepath"),
    (0x2500_0007, "bootux"),
    (0x2500_0008, "bootmenupolicy"),
    (0x2600_0003, "customsettings"),
    (0x2600_0004, "pae"),
    (0x2600_0006, "debugoptionenabled"),
];

const MEMORY_TEST: &[Named] = &[
    (0x2500_0001, "passcount"),
    (0x2500_0002, "testmix"),
    (0x2500_0005, "stridefailcount"),
    (0x2500_0006, "invcfailcount"),
    (0x2500_0007, "matsfailcount"),
    (0x2500_0008, "randfailcount"),
    (0x2500_0009, "chckrfailcount"),
    (0x2600_0003, "cacheenable"),
    (0x2600_0004, "failuresenabled"),
];

/// Ids that mean the same in every store, with what bcdedit calls such an object.
const OBJECTS: &[(u128, &str, &str)] = &[
    (
        0x0ce4991b_e6b3_4b16_b23c_5e0d9250e5d9,
        "{emssettings}",
        "EMS Settings",
    ),
    (
        0x1afa9c49_16ab_4a5c_901b_212802da9460,
        "{resumeloadersettings}",
        "Resume Loader Settings",
    ),
    (
        0x4636856e_540f_4170_a130_a84776f4c654,
        "{dbgsettings}",
        "Debugger Settings",
    ),
    (
        0x466f5a88_0af2_4f76_9038_095b170dc21c,
        "{ntldr}",
        "Windows Legacy OS Loader",
    ),
    (
        0x5189b25c_5558_4bf2_bca4_289b11bd29e2,
        "{badmemory}",
        "RAM Defects",
    ),
    (
        0x6efb52bf_1766_41db_a6b3_0ee5eff72bd7,
        "{bootloadersettings}",
        "Boot Loader Settings",
    ),
    (
        0x7ea2e1ac_2e61_4728_aaa3_896d9d0a9f0e,
        "{globalsettings}",
        "Global Settings",
    ),
    (
        0x7ff607e0_4395_11db_b0de_0800200c9a66,
        "{hypervisorsettings}",
        "Hypervisor Settings",
    ),
    (
        0x9dea862c_5cdd_4e70_acc1_f32b344d4795,
        "{bootmgr}",
        "Windows Boot Manager",
    ),
    (
        0xa5a30fa2_3d06_4e9f_b5f4_a01df9d1fcba,
        "{fwbootmgr}",
        "Firmware Boot Manager",
    ),
    (
        0xae5534e0_a924_466c_b836_758539a3ee3a,
        "{ramdiskoptions}",
        "Setup Ramdisk Options",
    ),
    (
        0xb2721d73_1db4_4c62_bf78_c548a880142d,
        "{memdiag}",
        "Windows Memory Tester",
    ),
];

/// What bcdedit calls an element of such an object.
pub(super) fn element(kind: ObjectKind, id: ElementId) -> Option<&'static str> {
    let own = match kind.application() {
        Some(1 | 2) => BOOT_MANAGER,
        Some(3) => LOADER,
        Some(4) => RESUME,
        Some(5) => MEMORY_TEST,
        _ => DEVICE,
    };
    let tables = [LIBRARY, own].into_iter().flatten();
    let mut named = tables.filter(|(code, _)| *code == id.0);
    named.next().map(|(_, name)| *name)
}

/// The name that bcdedit takes for an id.
pub(super) fn object(id: Guid) -> Option<&'static str> {
    known(id).map(|(_, name, _)| *name)
}

fn known(id: Guid) -> Option<&'static (u128, &'static str, &'static str)> {
    OBJECTS
        .iter()
        .find(|(digits, ..)| Guid::of_digits(*digits) == id)
}

/// What bcdedit writes above an object.
pub(super) fn title(id: Guid, kind: ObjectKind) -> String {
    let by_kind = match (kind.0 >> 28, kind.application()) {
        (1, Some(1)) => "Firmware Boot Manager",
        (1, Some(2)) => "Windows Boot Manager",
        (1, Some(3)) => "Windows Boot Loader",
        (1, Some(4)) => "Resume from Hibernate",
        (1, Some(5)) => "Windows Memory Tester",
        (1, Some(6)) => "Windows Legacy OS Loader",
        (1, Some(8)) => "Real-mode Boot Sector",
        (1, Some(0xf_ffff)) => "Firmware Application",
        (2, Some(3)) => "Boot Loader Settings",
        (2, Some(4)) => "Resume Loader Settings",
        (3, _) => "Device options",
        _ => "",
    };
    match (known(id), by_kind) {
        (Some((.., title)), _) => (*title).to_owned(),
        (None, "") => format!("Object of type {kind}"),
        (None, title) => title.to_owned(),
    }
}

/// What bcdedit calls a number that is one of a few.
pub(super) fn choice(name: &str, number: u64) -> Option<&'static str> {
    let choices: &[&str] = match name {
        "nx" => &["OptIn", "OptOut", "AlwaysOff", "AlwaysOn"],
        "bootmenupolicy" => &["Legacy", "Standard"],
        "debugtype" | "hypervisordebugtype" => &["Serial", "1394", "USB", "NET", "Local"],
        _ => &[],
    };
    choices.get(usize::try_from(number).ok()?).copied()
}

impl ObjectKind {
    /// The kind of program that it is, or has settings for.
    fn application(self) -> Option<u32> {
        matches!(self.0 >> 20, 0x101..=0x104 | 0x202).then_some(self.0 & 0xf_ffff)
    }
}
