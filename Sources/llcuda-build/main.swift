import Commands

await LlcudaBuildCommand.main()
