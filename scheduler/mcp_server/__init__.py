"""What an assistant may ask and do, over the Model Context Protocol. https://modelcontextprotocol.io"""
