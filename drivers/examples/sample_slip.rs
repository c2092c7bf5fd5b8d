//! Writes a sample slip's printer bytes to standard output, for comparison with foreign programs.
//!
//! `sample_slip worked|text|code128|qr|cut|receipt [PROFILE]`; exits with 2 for an unknown name.

use std::io::Write;
use std::process::ExitCode;

use drivers::printer::compose::Composer;
use drivers::printer::font::{Fonts, GlyphFont};
use drivers::printer::job::JobId;
use drivers::printer::profile::{Profile, ProfileName, StatusSupport};
use drivers::printer::slip::{Slip, Style, Weight};

fn slip(name: &str) -> Option<Slip> {
    Some(match name {
        "worked" => Slip::new()
            .heading("扬中市图书馆")
            .text("1 红楼梦  应还 2026-12-22")
            .code128("YZ0001234")
            .qr("YZ0001234")
            .cut(),
        "text" => Slip::new().text("红楼梦 2026-12-22"),
        "code128" => Slip::new().code128("YZ0001234"),
        "qr" => Slip::new().qr("YZ0001234"),
        "cut" => Slip::new().cut(),
        "receipt" => receipt(),
        _ => return None,
    })
}

fn receipt() -> Slip {
    Slip::new()
        .heading("扬中市图书馆")
        .centered("自助借书凭条")
        .feed(1)
        .text("2026-12-06 14:32   3号机   凭条 7K4-M92")
        .rule()
        .columns("植物与人", "还 2027-01-05")
        .columns("小王子", "还 2027-01-05")
        .columns("Slint in Practice: Building Native User Interfaces", "还 2027-01-05")
        .columns("𠮷田松阴与日本近代 ¥38", "还 2027-01-05")
        .rule()
        .styled("共 4 本   最早 2027-01-05", Style { weight: Weight::Bold, ..Style::default() })
        .text("续借、预约请用读者证或手机")
        .code128("YZ0001234")
        .qr("扬中市图书馆 7K4-M92\n植物与人 2027-01-05\n小王子 2027-01-05")
        .centered("服务时间 周二至周日 9:00-20:00")
        .cut()
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (name, profile) = (arguments.next().unwrap_or_default(), arguments.next());
    let Some(slip) = slip(&name) else { return ExitCode::from(2) };
    let Ok(profile) = profile.as_deref().unwrap_or("epson-tm-t20ii").parse::<ProfileName>() else {
        return ExitCode::from(2);
    };
    match write(&slip, profile.profile(), &name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn write(slip: &Slip, profile: Profile, name: &str) -> Result<(), Box<dyn std::error::Error>> {
    // The parts for comparison come without job framing.
    let status = match name {
        "worked" | "receipt" => profile.status,
        _ => StatusSupport::None,
    };
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/fonts/NotoSansCJKsc-Regular-subset.otf");
    let primary = GlyphFont::from_bytes(std::fs::read(path)?)?;
    let fonts = Fonts { primary: Some(primary), fallback: None };
    let id = JobId::from_bytes(*b"0001").ok_or("an id")?;
    let job = Composer::new(Profile { status, ..profile }, fonts)?.compose(slip, id)?;
    std::io::stdout().write_all(&job.bytes)?;
    Ok(())
}
