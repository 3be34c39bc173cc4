//! The payload's own fields (`evaluation.md` §1.3).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::error::{CompileError, ReadFault};
use super::outline::{Span, check_map};
use super::read::{Read, array, float, lenient, object, optional, string, unsigned};
use super::writer::{RowBytes, Writer};
use crate::json::{Kind, Scanner};
use crate::number::number_text;
use crate::table::wire::NONE;
use crate::table::{HASHED_KEYS, PLAIN_KEYS, SamplingMode, Section};

type Sections<'a, 'j> = &'a dyn Fn(&str) -> Option<Span<'j>>;

pub(super) fn write<'j>(
    writer: &mut Writer<'j>,
    section: Sections<'_, 'j>,
) -> Result<(), CompileError> {
    check_map(section("diagnostics"), "diagnostics", |kind| {
        kind == Kind::Number
    })?;
    check_map(section("sdk_flags"), "sdk_flags", |kind| {
        matches!(kind, Kind::Bool(_))
    })?;
    check_map(section("sdk_configs"), "sdk_configs", |_| true)?;
    let v1 = writer.v1;
    let text = |name: &str| {
        read(section, name, |scanner| {
            Ok(lenient(v1, |kind| kind == Kind::String, scanner, string)?.unwrap_or_default())
        })
    };
    let app_id = read(section, "app_id", app_id)?.flatten();
    let company_id = text("company_id")?;
    let default_environment = text("default_environment")?;
    let checksum = text("checksum")?;
    let raw = |name: &str| {
        section(name)
            .map(|span| span.text())
            .filter(|text| *text != "null")
    };
    let sdk_configs = raw("sdk_configs");
    let session_replay = raw("session_replay_info");
    let diagnostics = raw("diagnostics");
    let id_lists = read(section, "id_lists", |scanner| {
        let mut names = Vec::new();
        object(scanner, |name, scanner| {
            names.push(name);
            scanner.skip()?;
            Ok(())
        })?;
        Ok(names)
    })?;
    let mut configs = SdkConfigs::default();
    if let Some(span) = section("sdk_configs").filter(|span| span.text() != "null") {
        configs = SdkConfigs::read(span)?;
    }
    let plain = app_keys(writer, section, "sdk_keys_to_app_ids")?;
    let hashed = app_keys(writer, section, "hashed_sdk_keys_to_app_ids")?;

    let mut keys = 0;
    if hashed.is_some() {
        keys |= HASHED_KEYS;
    }
    if plain.is_some() {
        keys |= PLAIN_KEYS;
    }

    let value =
        |writer: &mut Writer<'j>, text: Option<&str>| text.map_or(NONE, |text| writer.value(text));
    let row: [u8; crate::table::META] = RowBytes::new()
        .u32(writer.optional_string(app_id.as_deref()))
        .u32(writer.optional_string(company_id.as_deref()))
        .u32(writer.optional_string(default_environment.as_deref()))
        .u32(writer.optional_string(checksum.as_deref()))
        .u32(value(writer, sdk_configs))
        .u32(value(writer, session_replay))
        .u32(writer.optional_list(id_lists.as_deref()))
        .u8(configs.sampling_mode as u8)
        .u8(keys)
        .u16(0)
        .u32(value(writer, diagnostics))
        .u32(0)
        .u64(configs.special_case_sampling_rate)
        .u64(configs.exposure_dedupe_ttl_ms)
        .u64(configs.exposure_spec_sampling_ttl_ms)
        .u32(plain.unwrap_or(0))
        .u32(0)
        .done();
    writer.put(Section::Meta, &row);
    experiment_layers(writer, section)
}

fn read<'j, T>(
    section: Sections<'_, 'j>,
    name: &str,
    read: impl FnOnce(&mut Scanner<'j>) -> Read<T>,
) -> Result<Option<T>, CompileError> {
    let Some(span) = section(name) else {
        return Ok(None);
    };
    optional(&mut span.scanner(), read).map_err(|fault| fault.within(name).into())
}

/// The entries of `sdk_configs` that exposures depend on; numbers with one added, zero for absent.
struct SdkConfigs {
    sampling_mode: SamplingMode,
    special_case_sampling_rate: u64,
    exposure_dedupe_ttl_ms: u64,
    exposure_spec_sampling_ttl_ms: u64,
}

impl Default for SdkConfigs {
    fn default() -> Self {
        SdkConfigs {
            sampling_mode: SamplingMode::Off,
            special_case_sampling_rate: 0,
            exposure_dedupe_ttl_ms: 0,
            exposure_spec_sampling_ttl_ms: 0,
        }
    }
}

impl SdkConfigs {
    fn read(span: Span<'_>) -> Result<Self, ReadFault> {
        let mut configs = SdkConfigs::default();
        object(&mut span.scanner(), |key, scanner| {
            let span = Span::take(scanner)?;
            let mut value = span.scanner();
            let number = match key.as_ref() {
                "sampling_mode" => {
                    configs.sampling_mode = match string(&mut value).as_deref() {
                        Ok("on") => SamplingMode::On,
                        Ok("shadow") => SamplingMode::Shadow,
                        _ => SamplingMode::Off,
                    };
                    return Ok(());
                }
                "special_case_sampling_rate" => &mut configs.special_case_sampling_rate,
                "exposure_dedupe_ttl_ms" => &mut configs.exposure_dedupe_ttl_ms,
                "exposure_spec_sampling_ttl_ms" => &mut configs.exposure_spec_sampling_ttl_ms,
                _ => return Ok(()),
            };
            // Of another type they are ignored.
            *number = unsigned(&mut value).map_or(0, |value| value.saturating_add(1));
            Ok(())
        })?;
        Ok(configs)
    }
}

/// An app id: a string, or a number by its text. Anything else, which Statsig's core takes too, reads as none.
fn app_id<'j>(scanner: &mut Scanner<'j>) -> Read<Option<Cow<'j, str>>> {
    match scanner.peek()? {
        Kind::String => string(scanner).map(Some),
        Kind::Number => {
            let number = float(scanner)?;
            Ok(Some(Cow::Owned(String::from(number_text(number).as_str()))))
        }
        _ => {
            scanner.skip()?;
            Ok(None)
        }
    }
}

/// Appends the pairs of a map from client keys to app ids; says how many there were.
fn app_keys<'j>(
    writer: &mut Writer<'j>,
    section: Sections<'_, 'j>,
    name: &str,
) -> Result<Option<u32>, CompileError> {
    let pairs: Option<Vec<(Cow<'j, str>, Cow<'j, str>)>> = read(section, name, |scanner| {
        let mut pairs = Vec::new();
        object(scanner, |key, scanner| {
            pairs.extend(app_id(scanner)?.map(|app| (key, app)));
            Ok(())
        })?;
        Ok(pairs)
    })?;
    let Some(pairs) = pairs else {
        return Ok(None);
    };
    for (key, app) in &pairs {
        pair(writer, Section::AppIds, key, app);
    }
    Ok(Some(pairs.len() as u32))
}

fn pair(writer: &mut Writer<'_>, section: Section, first: &str, second: &str) {
    let row: [u8; 8] = RowBytes::new()
        .u32(writer.string(first))
        .u32(writer.string(second))
        .done();
    writer.put(section, &row);
}

/// `experiment_to_layer` (v2), or `layers` turned around (v1).
fn experiment_layers<'j>(
    writer: &mut Writer<'j>,
    section: Sections<'_, 'j>,
) -> Result<(), CompileError> {
    let name = if writer.v1 {
        "layers"
    } else {
        "experiment_to_layer"
    };
    let v1 = writer.v1;
    let pairs: Option<Vec<(Cow<'j, str>, Cow<'j, str>)>> = read(section, name, |scanner| {
        let mut pairs = Vec::new();
        object(scanner, |key, scanner| {
            if !v1 {
                pairs.push((key, string(scanner)?));
            } else if scanner.peek()? == Kind::Array {
                array(scanner, |scanner| {
                    let experiment = lenient(true, |kind| kind == Kind::String, scanner, string)?;
                    pairs.extend(experiment.map(|experiment| (experiment, key.clone())));
                    Ok(())
                })?;
            } else {
                scanner.skip()?;
            }
            Ok(())
        })?;
        Ok(pairs)
    })?;
    for (experiment, layer) in pairs.iter().flatten() {
        pair(writer, Section::ExperimentLayers, experiment, layer);
    }
    Ok(())
}
