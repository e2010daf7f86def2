//! The small verbs: `init`, `completions`, `man`, `schema`.

use std::io::{self, Write};

use anyhow::{Result, bail};
use bartizan_engine::config::{self, ConfigError};
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{
    arguments::{Arguments, InitArguments, Schema},
    interrupt, output,
};

pub(crate) fn init(arguments: &InitArguments) -> Result<u8> {
    if !arguments.folder.is_dir() {
        bail!("no such folder: {}", arguments.folder.display());
    }
    let path = arguments.folder.join(config::FILE_NAME);
    if path.exists() && !arguments.force && !arguments.stdout {
        return Err(ConfigError::Exists { path }.into());
    }
    let text = config::discover(&arguments.folder, &interrupt::flag())?;
    if arguments.stdout {
        output::write(None, &mut |out| out.write_all(text.as_bytes()))?;
    } else {
        config::write(&path, &text, arguments.force)?;
        writeln!(anstream::stderr(), "wrote {}", path.display())?;
    }
    Ok(0)
}

pub(crate) fn completions(shell: Shell) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "bartizan", &mut script);
    output::write(None, &mut |out| out.write_all(&script))?;
    Ok(0)
}

pub(crate) fn man() -> Result<u8> {
    let mut page = Vec::new();
    manual(&mut page)?;
    output::write(None, &mut |out| out.write_all(&page))?;
    Ok(0)
}

/// The program's page, then each verb's options as sections of their own.
fn manual(out: &mut dyn Write) -> io::Result<()> {
    let command = Arguments::command();
    let page = clap_mangen::Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let named = verb.clone().bin_name(format!("bartizan {}", verb.get_name()));
        writeln!(out, ".SH {}", verb.get_name().to_uppercase())?;
        let page = clap_mangen::Man::new(named);
        let mut body = Vec::new();
        page.render_description_section(&mut body)?;
        page.render_options_section(&mut body)?;
        // Sections of the page become subsections of the verb.
        out.write_all(String::from_utf8_lossy(&body).replace(".SH ", ".SS ").as_bytes())?;
    }
    page.render_version_section(out)
}

pub(crate) fn schema(of: Schema) -> Result<u8> {
    let schema = match of {
        Schema::Report => bartizan_engine::report::schema(),
        Schema::Inventory => bartizan_engine::inventory::schema(),
        Schema::Config => bartizan_engine::config::schema().into(),
        Schema::Attestations => bartizan_engine::attestation::schema().into(),
        Schema::Verdict => bartizan_engine::signing::schema().into(),
    };
    output::write(None, &mut |out| {
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        writeln!(out)
    })?;
    Ok(0)
}
